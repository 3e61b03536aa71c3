import { quoteName } from '../../language/expressions.js';
import { ODD_CAUSES } from '../../contracts/mapping.js';
import type { TableMapping } from '../../contracts/mapping.js';
import { printable } from '../text-table.js';
import type { OpenedEntry, OpenedFields } from '../values/opened.js';
import type { Located } from './located.js';

/** What can be done about a finding, with the command or the SQL that does it. */
export interface Offer {
  readonly what: 'copy again' | 'apply fix' | 'accept' | 'mend by hand';
  readonly how: readonly string[];
}

export type Stage = 'waits' | 'runs' | 'ended' | 'verified';

interface Asked {
  readonly migrationId: string;
  readonly stage: Stage;
  /** Values may be shown. */
  readonly reveal: boolean;
}

export function offersOf(located: Located, { migrationId, stage, reveal }: Asked): Offer[] {
  const { id, code, disposition } = located.finding;
  if (stage === 'verified') return [mend(located, reveal)];
  if (stage !== 'waits' || disposition !== 'open') return [];
  const command = `caravan reconcile ${migrationId} ${shellText(id)}`;
  const accept: Offer = { what: 'accept', how: [`${command} --accept --reason TEXT`] };
  if (code === 'foreign_key_not_valid')
    return [{ what: 'copy again', how: [`${command} --copy-again   (once the source is mended)`] }, accept];
  if (code !== 'values_changed' && code !== 'rows_quarantined') return [accept];
  const fixes = fixesOf(located).map((policy) => `${command} --fix ${policy}`);
  return [
    { what: 'copy again', how: [`${command} --copy-again   (once the source is mended)`] },
    ...(fixes.length === 0 ? [] : [{ what: 'apply fix', how: fixes } as const]),
    accept,
  ];
}

/** Policies that a column takes for the cause of its finding. */
function fixesOf({ finding: { id, code, object }, column }: Located): string[] {
  const cause = id.slice(`${code}:${object}:`.length).replace(/^replaced:/u, '');
  if (column === undefined || column.kind === 'native' || !(ODD_CAUSES as readonly string[]).includes(cause)) return [];
  return [
    'use:VALUE',
    ...(code === 'rows_quarantined' ? ['null'] : ['quarantine']),
    ...(cause === 'nul_character' && column.kind === 'text' ? ['remove'] : []),
    ...(cause === 'invalid_utf8' && column.kind === 'text' ? ['decode'] : []),
  ];
}

/** Rows whose SQL is shown. */
const STATEMENTS = 20;

/** Nothing is written to the target of another tool: what would mend it is said. */
function mend(located: Located, reveal: boolean): Offer {
  const how = statementsOf(located, reveal);
  return { what: 'mend by hand', how: how.length > 0 ? how : ['No statement is known that mends it: see what it is.'] };
}

function statementsOf({ finding: { code }, table, column, rows }: Located, reveal: boolean): string[] {
  if (table === undefined) return [];
  const target = `${quoteName(table.target.schema)}.${quoteName(table.target.name)}`;
  const named = column && quoteName(column.target);
  switch (code) {
    case 'not_null_missing':
      return named === undefined ? [] : [`ALTER TABLE ${target} ALTER COLUMN ${named} SET NOT NULL;`];
    case 'missing_column':
      return named === undefined ? [] : [`ALTER TABLE ${target} ADD COLUMN ${named} …;`];
    case 'lost_rows':
      return ['Copy these rows again with the tool that moved them; their keys are those of "caravan values list".'];
    case 'extra_rows':
      return known(rows, (row) => {
        const where = conditionOf(table, row.key);
        return where && `DELETE FROM ${target} WHERE ${where};`;
      });
    default:
      if (named === undefined || rows.length === 0) return [];
      if (!reveal) return [`UPDATE ${target} SET ${named} = … WHERE …;   (each of them with --reveal)`];
      return known(rows, (row) => {
        const [where, value] = [conditionOf(table, row.key), literalOf(row.value)];
        return where && value && `UPDATE ${target} SET ${named} = ${value} WHERE ${where};`;
      });
  }
}

/** Of rows whose key and value have a text that SQL takes. */
function known(rows: readonly OpenedEntry[], statement: (row: OpenedEntry) => string | undefined): string[] {
  return rows.slice(0, STATEMENTS).flatMap((row) => statement(row) ?? []);
}

function conditionOf({ columns, rowKey = [] }: TableMapping, key: OpenedFields | null): string | undefined {
  const conditions = rowKey.map((source) => {
    const column = columns.find((each) => each.source === source);
    const value = literalOf(key?.[source] ?? undefined);
    return column && value && `${quoteName(column.target)} = ${value}`;
  });
  if (conditions.length === 0 || conditions.includes(undefined)) return undefined;
  return conditions.join(' AND ');
}

function literalOf(value: OpenedEntry['value']): string | undefined {
  // What cannot be shown as it is would be another value in a statement.
  if (value === undefined || !('text' in value) || printable(value.text) !== value.text) return undefined;
  return `'${value.text.replaceAll("'", "''")}'`;
}

/** An id as a shell takes it. */
function shellText(text: string): string {
  return /^[\w.:@%+,/-]+$/u.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
