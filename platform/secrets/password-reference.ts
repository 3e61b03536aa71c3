import { readFile } from 'node:fs/promises';
import { CaravanFailure } from '../../contracts/failures.js';

/** Names of the environment that a reference may read, given by the process's root. */
export type SecretEnvironment = Readonly<Record<string, string | undefined>>;

const ENVIRONMENT_REFERENCE = /^env:([A-Za-z_][A-Za-z0-9_]*)$/u;
const FILE_REFERENCE = /^file:(\/.+)$/u;

/** `env:NAME` or `file:/absolute/path` stands for a password that is read where it is used, and never stored. */
export function isPasswordReference(password: string): boolean {
  return ENVIRONMENT_REFERENCE.test(password) || FILE_REFERENCE.test(password);
}

/** The password itself, for a reference and for a plain one. One newline at a file's end is not part of it. */
export async function resolvePassword(password: string, environment: SecretEnvironment): Promise<string> {
  const name = ENVIRONMENT_REFERENCE.exec(password)?.[1];
  if (name !== undefined) return environment[name] ?? unresolved(password, 'the variable is not set in this process');
  const path = FILE_REFERENCE.exec(password)?.[1];
  if (path === undefined) return password;
  try {
    return (await readFile(path, 'utf8')).replace(/\r?\n$/u, '');
  } catch (error) {
    return unresolved(password, `the system says ${(error as NodeJS.ErrnoException).code ?? 'no'}`);
  }
}

function unresolved(reference: string, seen: string): never {
  throw new CaravanFailure('LOGIN_REFUSED', {
    attempted: 'read the password reference',
    on: reference,
    seen,
    next: 'Make the variable or file readable for the workers.',
  });
}
