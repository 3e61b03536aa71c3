import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';

/** Writes a file so that a reader sees the old text or the new, never a part; only the owner may read it. */
export function writeFileAtomically(path: string, text: string): void {
  const draft = `${path}.${String(process.pid)}.new`;
  const file = openSync(draft, 'w', 0o600);
  writeSync(file, text);
  fsyncSync(file);
  closeSync(file);
  renameSync(draft, path);
}

/** Runs the step and takes the given value when it throws: for files that may not be there. */
export function orElse<T>(step: () => T, otherwise: T): T {
  try {
    return step();
  } catch {
    return otherwise;
  }
}
