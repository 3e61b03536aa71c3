import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { CaravanFailure } from '../../contracts/failures.js';

/**
 * The content of a private file, made on first use. Several processes may come at once: the content is written
 * aside and linked into place, so every one reads the same whole file.
 */
export function readOrMakePrivateFile(path: string, make: () => string): string {
  const found = readPrivateFile(path);
  if (found !== undefined) return found;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeOnce(path, make());
  const made = readPrivateFile(path);
  if (made === undefined) throw unusable(path, 'it vanished while it was made');
  return made;
}

/** undefined when there is none. A file that others may read is refused: its secret must be taken as known. */
export function readPrivateFile(path: string): string | undefined {
  let handle: number;
  try {
    handle = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unusable(path, `the system says ${(error as NodeJS.ErrnoException).code ?? 'no'}`);
  }
  try {
    const mode = fstatSync(handle).mode & 0o777;
    if ((mode & 0o077) !== 0) throw unusable(path, `its mode is ${mode.toString(8)}, so others may read it`);
    return readFileSync(handle, 'utf8');
  } finally {
    closeSync(handle);
  }
}

function writeOnce(path: string, content: string): void {
  const aside = `${path}.${randomBytes(6).toString('hex')}.new`;
  const handle = openSync(aside, 'wx', 0o600);
  try {
    writeFileSync(handle, content);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  try {
    linkSync(aside, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(aside);
  }
}

function unusable(path: string, seen: string): CaravanFailure {
  return new CaravanFailure('SECRET_KEY_INVALID', {
    attempted: 'use the private file',
    on: path,
    seen,
    next: 'Give it to the user that runs Caravan, with mode 0600, or set CARAVAN_SECRET_KEY.',
  });
}
