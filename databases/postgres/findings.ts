import type { Finding, FindingCode } from '../../contracts/migration.js';

const KINDS: Readonly<Partial<Record<FindingCode, Finding['kind']>>> = {
  foreign_key_not_valid: 'referential',
  check_not_valid: 'data',
  constraint_violated: 'data',
  structure_differs: 'structural',
};

/** An open finding; its id is stable, so that a second run of the same step gives the same one. */
export function finding(code: FindingCode, object: string, parts: { count: number; detail: string }): Finding {
  return { id: `${code}:${object}`, code, kind: KINDS[code] ?? 'structural', object, disposition: 'open', ...parts };
}
