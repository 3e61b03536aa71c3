import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Largest size of one log file, in bytes; one older file of each part is kept beside it. */
const LOG_BYTES_MAX = 10_000_000;

/** The log file of one part: `<home>/logs/<name>.log`, turned over at start and when it is full. */
export interface PartLog {
  readonly path: string;
  write(bytes: Buffer): void;
  /** The last lines, for messages; at most `count`. */
  tail(count: number): string[];
  close(): void;
}

export function openPartLog(folder: string, name: string): PartLog {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${name}.log`);
  let size = 0;
  let file: number | null = turnOver(path);
  return {
    path,
    write: (bytes) => {
      if (file === null) return;
      if (size + bytes.length > LOG_BYTES_MAX) {
        closeSync(file);
        file = turnOver(path);
        size = 0;
      }
      writeSync(file, bytes);
      size += bytes.length;
    },
    tail: (count) => readFileSync(path, 'utf8').trimEnd().split('\n').slice(-count),
    close: () => {
      if (file !== null) closeSync(file);
      file = null;
    },
  };
}

function turnOver(path: string): number {
  if (existsSync(path)) renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
}
