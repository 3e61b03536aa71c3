import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CaravanFailure } from '../../contracts/failures.js';
import type { Workload } from '../../contracts/workload.js';
import { readWorkload } from '../../language/workload/read-workload.js';
import type { ReadingOptions, WorkloadFile } from '../../language/workload/read-workload.js';

/** As much of a file as tells what it is. */
const BEGINNING_BYTES = 64 * 1024;

/** Reads files of recorded queries, however long they are, as one workload. */
export async function loadWorkload(
  cwd: string,
  paths: readonly string[],
  options: Omit<ReadingOptions, 'readAt'>,
): Promise<Workload> {
  const files = await Promise.all(paths.map((path) => fileAt(resolve(cwd, path))));
  return readWorkload(files, { ...options, readAt: new Date() });
}

async function fileAt(path: string): Promise<WorkloadFile> {
  try {
    const file = await open(path, 'r');
    try {
      const bytes = Buffer.alloc(BEGINNING_BYTES);
      const { bytesRead } = await file.read(bytes, 0, BEGINNING_BYTES, 0);
      return { beginning: bytes.toString('utf8', 0, bytesRead), bytes: () => createReadStream(path) };
    } finally {
      await file.close();
    }
  } catch (error) {
    const seen = `the system says ${(error as NodeJS.ErrnoException).code ?? 'no'}`;
    throw new CaravanFailure('USAGE', { attempted: 'read', on: path, seen, next: 'Name another file.' }, error);
  }
}
