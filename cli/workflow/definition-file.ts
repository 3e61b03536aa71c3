import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { CaravanFailure } from '../../contracts/failures.js';

/** @throws CaravanFailure DEFINITION_INVALID when there is no such file. */
export function readDefinitionFile(cwd: string, file: string): Uint8Array {
  try {
    return readFileSync(resolve(cwd, file));
  } catch (error) {
    const seen = `the file cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`;
    throw new CaravanFailure('DEFINITION_INVALID', { attempted: 'read', on: file, seen, next: 'Check the path.' });
  }
}
