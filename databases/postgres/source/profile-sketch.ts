import type { CatalogueTable } from '../../../contracts/catalogue.js';
import { ColumnSketch, LOOKED_AT_MAX } from '../../fingerprint/column-sketch.js';
import type { ValueForm } from '../../fingerprint/value-forms.js';
import type { Session } from '../connect.js';
import { quoted } from '../identifiers.js';
import { nativeKey } from '../native-forms.js';
import { familyOf } from './families.js';
import type { Family } from './families.js';

const FORMS: Readonly<Record<Family, ValueForm>> = {
  number: 'number',
  time: 'time',
  text: 'text',
  binary: 'binary',
  other: 'text',
};
/** Rows that come at once. */
const PAGE = 1000;
const NO_NUMBER = /[a-z]/i;

/** A sketch of each column from the rows of `from`, at most some ten thousand. Runs in the session's transaction. */
export async function sketchRows(session: Session, table: CatalogueTable, from: string): Promise<ColumnSketch[]> {
  const columns = table.columns.map((column) => ({ family: familyOf(column), sketch: new ColumnSketch() }));
  const list = table.columns.map((column, index) => {
    const value =
      columns[index]?.family === 'binary'
        ? `encode(substr(${quoted(column.name)}, 1, ${String(LOOKED_AT_MAX)}), 'hex')`
        : `left(${nativeKey(quoted(column.name))}, ${String(2 * LOOKED_AT_MAX)})`;
    return `${value} AS "${String(index)}"`;
  });
  if (list.length === 0) return [];
  await session.run(`DECLARE caravan_sample NO SCROLL CURSOR FOR SELECT ${list.join(', ')} FROM ${from} LIMIT 20000`);
  for (;;) {
    const rows = await session.rows(`FETCH ${String(PAGE)} FROM caravan_sample`);
    if (rows.length === 0) break;
    for (const row of rows) {
      for (const [index, column] of columns.entries()) add(column, row[String(index)] ?? null);
    }
  }
  await session.run('CLOSE caravan_sample');
  return columns.map(({ sketch }) => sketch);
}

function add({ family, sketch }: { family: Family; sketch: ColumnSketch }, text: string | null): void {
  if (text === null) {
    sketch.addNull();
    return;
  }
  const bytes = family === 'binary' ? Buffer.from(text, 'hex') : Buffer.from(text);
  // Infinity, NaN and years before our era have no place on a line of numbers.
  const form = (family === 'number' || family === 'time') && NO_NUMBER.test(text) ? 'text' : FORMS[family];
  sketch.add({ bytes, from: 0, to: bytes.length, length: -1 }, form);
}
