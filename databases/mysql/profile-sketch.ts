import type { CatalogueColumn, CatalogueTable } from '../../contracts/catalogue.js';
import { ColumnSketch, LOOKED_AT_MAX } from '../fingerprint/column-sketch.js';
import type { ValueForm } from '../fingerprint/value-forms.js';
import type { RowBatch } from '../source.js';
import type { MysqlSession } from './connect.js';
import { familyOf } from './profile-measures.js';
import { sampleQuery } from './profile-sample.js';
import { readQuery } from './read.js';
import { quoteName } from './sql.js';

/** Rows that the sketches see, of a table that has more; fewer where they have many bytes, but not below the least. */
const SKETCHED_ROWS = 10_000;
const SKETCHED_ROWS_LEAST = 500;
const SKETCHED_BYTES = 16 << 20;
/** Bytes after which no further batch of rows is asked for, should the catalogue's sizes be far off. */
const BYTES_MAX = 2 * SKETCHED_BYTES;

/** One column of the query: its value, and where that may be long its length besides. */
interface Sketched {
  readonly sketch: ColumnSketch;
  readonly form: ValueForm;
  readonly sql: string;
  readonly lengthSql?: string;
}

const FORMS: Readonly<Record<ReturnType<typeof familyOf>, ValueForm>> = {
  number: 'number',
  moment: 'time',
  time: 'time',
  text: 'text',
  label: 'text',
  document: 'text',
  binary: 'binary',
  other: 'binary',
};

function sketched(column: CatalogueColumn): Sketched {
  const { base } = column.type;
  const family = familyOf(column);
  const form = /^(uuid|inet4|inet6)$/.test(base) ? 'text' : FORMS[family];
  const name = quoteName(column.name);
  const sketch = new ColumnSketch();
  // As the copy reads them: all digits of floats, BIT as digits, YEAR and ZEROFILL without zeros in front.
  if (base === 'float' || base === 'double') return { sketch, form, sql: `${name} * 1e0` };
  if (base === 'bit' || base === 'year') return { sketch, form, sql: `${name} + 0` };
  const isCut = (family === 'text' || family === 'binary') && (column.type.length ?? Infinity) > LOOKED_AT_MAX;
  if (!isCut && family !== 'document') return { sketch, form, sql: name };
  const value = family === 'document' ? `CAST(${name} AS CHAR)` : name;
  const length = form === 'text' ? `CHAR_LENGTH(${value})` : `LENGTH(${value})`;
  return { sketch, form, sql: `LEFT(${value}, ${String(LOOKED_AT_MAX)})`, lengthSql: length };
}

function rowsToSketch({ estimatedRows, estimatedBytes, columns }: CatalogueTable): number {
  const rowBytes = Math.min(estimatedBytes / Math.max(estimatedRows, 1), columns.length * LOOKED_AT_MAX);
  return Math.max(SKETCHED_ROWS_LEAST, Math.min(SKETCHED_ROWS, Math.floor(SKETCHED_BYTES / Math.max(rowBytes, 1))));
}

/**
 * Sketches of each column, in order, from one bounded read: all rows of a small table, else about 10,000 that are spread
 * over the key range (see `sampleQuery`), fewer where they have many bytes.
 */
export async function sketchTable(
  session: MysqlSession,
  table: CatalogueTable,
  signal?: AbortSignal,
): Promise<readonly ColumnSketch[]> {
  const columns = table.columns.map(sketched);
  const expressions = columns.flatMap(({ sql, lengthSql }) => (lengthSql === undefined ? [sql] : [sql, lengthSql]));
  const list = expressions.map((sql, index) => `${sql} AS e${String(index)}`).join(', ');
  const sql = await sampleQuery(session, { table, rows: rowsToSketch(table), list });
  const attempt = {
    attempted: 'profile',
    on: `${table.schema}.${table.name}`,
    schema: table.schema,
    table: table.name,
  };
  let bytes = 0;
  for await (const batch of readQuery(session, { sql, fields: expressions.length, attempt, signal })) {
    bytes += addBatch(columns, batch);
    if (bytes > BYTES_MAX) break;
  }
  return columns.map(({ sketch }) => sketch);
}

/** Gives the bytes of the batch. */
function addBatch(columns: readonly Sketched[], batch: RowBatch): number {
  const { bytes, start, end } = batch;
  const value = { bytes, from: 0, to: 0, length: -1 };
  let at = 0;
  let last = 0;
  for (let row = 0; row < batch.rows; row++) {
    for (const { sketch, form, lengthSql } of columns) {
      const from = start[at] ?? -1;
      if (from === -1) sketch.addNull();
      else {
        value.bytes = bytes;
        value.from = from;
        value.to = last = end[at] ?? from;
        value.length =
          lengthSql === undefined ? -1 : Number(bytes.toString('latin1', start[at + 1] ?? 0, end[at + 1] ?? 0));
        sketch.add(value, form);
      }
      at += lengthSql === undefined ? 1 : 2;
    }
  }
  return last;
}
