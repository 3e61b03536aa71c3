import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The folder of Caravan's own package.json, found upwards from this file: the same from the sources (tests) and from
 * `dist`, so that entries under `dist` and `temporal-dev.yaml` are found from both.
 */
export function packageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    if (isCaravan(join(folder, 'package.json'))) return folder;
    const parent = dirname(folder);
    if (parent === folder) throw new Error('the package.json of caravan is not above this file');
    folder = parent;
  }
}

function isCaravan(path: string): boolean {
  if (!existsSync(path)) return false;
  const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
  return typeof parsed === 'object' && parsed !== null && 'name' in parsed && parsed.name === 'caravan';
}

/** A program of ours as it is run: joined to few files, because most of a start is finding and reading them. */
export function programFile(name: string): string {
  return join(packageFolder(), 'dist', 'programs', `${name}.js`);
}
