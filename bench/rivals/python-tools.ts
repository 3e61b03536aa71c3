import { join } from 'node:path';
import { findOnPath } from '../../platform/local-stack/search-path.js';
import { runCommand } from '../../platform/local-stack/run-command.js';

export type PythonTools =
  | { readonly found: true; readonly folder: string }
  /** Why not, for the line's note. */
  | { readonly found: false; readonly why: string };

/** Rivals from the Python Package Index, in an environment of their own under `folder`. */
export async function installPythonTools(
  folder: string,
  packages: readonly string[],
  searchPath: readonly string[],
): Promise<PythonTools> {
  const python = findOnPath(['python3'], searchPath);
  if (python === null) return { found: false, why: 'there is no python3 on this machine' };
  const home = join(folder, 'python');
  const made = await runCommand(python, ['-m', 'venv', home]);
  if (made.status !== 0) return { found: false, why: 'python3 cannot make an environment' };
  const pip = await runCommand(join(home, 'bin', 'pip'), [
    'install',
    '--quiet',
    '--disable-pip-version-check',
    ...packages,
  ]);
  if (pip.status !== 0) return { found: false, why: `pip could not install ${packages.join(', ')}` };
  return { found: true, folder: join(home, 'bin') };
}
