import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';

/** Where servers live that a plain user's search path leaves out. */
const SYSTEM_FOLDERS = ['/usr/local/bin', '/usr/local/sbin', '/usr/bin', '/usr/sbin', '/opt/homebrew/bin'];

/** The first of the names that is a program in a folder of the search path, or in a usual system folder. */
export function findOnPath(names: readonly string[], searchPath: readonly string[]): string | null {
  for (const name of names) {
    const found = [...searchPath, ...SYSTEM_FOLDERS].map((folder) => join(folder, name)).find(isProgram);
    if (found !== undefined) return found;
  }
  return null;
}

/** Whether this process may run the file. */
export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
