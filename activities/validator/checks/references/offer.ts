import type { Inclusion } from '../../../../databases/checked.js';
import { quoteName } from '../../../../language/expressions.js';
import type { Candidate } from '../../../kora/references/infer.js';

const NAME_BYTES = 63;

/** The statements that make a key a constraint. Rows that are there are looked at last, and only where that can succeed. */
export function offeredSql(schema: string, candidate: Candidate, { orphans }: Inclusion): string[] {
  const { table, columns, referenced, referencedColumns } = candidate;
  const named = (name: string): string => `${quoteName(schema)}.${quoteName(name)}`;
  const list = (names: readonly string[]): string => names.map(quoteName).join(', ');
  const name = quoteName(cut(`${table}_${columns.join('_')}`));
  const add = `ALTER TABLE ${named(table)} ADD CONSTRAINT ${name} FOREIGN KEY (${list(columns)}) REFERENCES ${named(referenced)} (${list(referencedColumns)}) NOT VALID;`;
  return orphans > 0 ? [add] : [add, `ALTER TABLE ${named(table)} VALIDATE CONSTRAINT ${name};`];
}

/** With its ending, as PostgreSQL names keys. */
function cut(name: string): string {
  const end = '_fkey';
  const bytes = Buffer.from(name).subarray(0, NAME_BYTES - end.length);
  // A character that was cut in two is none.
  return `${bytes.toString().replace(/\ufffd+$/u, '')}${end}`;
}
