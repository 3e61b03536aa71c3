import type { CatalogueColumn, CatalogueTable } from '../../../contracts/catalogue.js';
import type { ColumnProfile, TableProfile } from '../../../contracts/profile.js';
import type { ColumnSketch } from '../../fingerprint/column-sketch.js';
import { cutting } from '../../lent-sessions.js';
import type { Row, Session } from '../connect.js';
import { qualified, quoted } from '../identifiers.js';
import { familyOf } from './families.js';
import { sketchRows } from './profile-sketch.js';

/** Rows that stand for a table above `sampleAbove`, and rows that the sketches see. */
const STANDING_ROWS = 50_000;
const SKETCHED_ROWS = 10_000;
/** Columns of one query; wide tables take several. */
const COLUMNS_PER_QUERY = 200;

export interface ProfileOptions {
  readonly sampleAbove: number;
  readonly signal?: AbortSignal;
}

/** Aggregates of a column, by the profile's names. */
function measuresOf(column: CatalogueColumn): Readonly<Record<string, string>> {
  const name = quoted(column.name);
  const present = { present: `count(${name})` };
  switch (familyOf(column)) {
    case 'number': {
      // Of Infinity and NaN there is no mean.
      const finite = `CASE WHEN ${name}::text !~ '[a-z]' THEN ${name} END`;
      const value = column.type.base.startsWith('int') ? name : finite;
      return {
        ...present,
        min: `min(${name})`,
        max: `max(${name})`,
        mean: `avg(${value})`,
        variance: `var_pop(${value}::numeric)`,
      };
    }
    case 'time':
      return { ...present, min: `min(${name})`, max: `max(${name})` };
    case 'text':
      return {
        ...present,
        min: `min(left(${name}, 255) COLLATE "C")`,
        max: `max(left(${name}, 255) COLLATE "C")`,
        ...lengths(`length(${name})`),
      };
    case 'binary':
      return { ...present, ...lengths(`octet_length(${name})`) };
    default:
      return { ...present, averageLength: `avg(pg_catalog.pg_column_size(${name}))` };
  }
}

function lengths(length: string): Record<string, string> {
  return { minLength: `min(${length})`, maxLength: `max(${length})`, averageLength: `avg(${length})` };
}

/** MABA's fingerprint of a table: aggregates in the server over all rows or a stated sample, and sketches of a sample. */
export async function profileTable(
  session: Session,
  table: CatalogueTable,
  options: ProfileOptions,
): Promise<TableProfile> {
  return cutting(session, options.signal, () => measured(session, table, options));
}

async function measured(session: Session, table: CatalogueTable, options: ProfileOptions): Promise<TableProfile> {
  const exact = table.estimatedRows <= options.sampleAbove;
  const sample = sampleOf(table, exact ? Infinity : STANDING_ROWS);
  const measures = new Map<string, Row>();
  let looked = 0;
  for (let at = 0; at === 0 || at < table.columns.length; at += COLUMNS_PER_QUERY) {
    const columns = table.columns.slice(at, at + COLUMNS_PER_QUERY);
    const row = await aggregates(session, sample, columns);
    looked = Number(row['rows'] ?? 0);
    for (const [index, column] of columns.entries()) measures.set(column.name, ofColumn(row, index));
  }
  const rows = exact ? looked : table.estimatedRows;
  const sketches = await sketchRows(session, table, sampleOf({ ...table, estimatedRows: rows }, SKETCHED_ROWS));
  return {
    schema: table.schema,
    table: table.name,
    rows,
    exact,
    sample: exact || rows === 0 ? 1 : Math.min(1, looked / rows),
    columns: table.columns.map((column, index) =>
      columnProfile(column.name, measures.get(column.name) ?? {}, { looked, rows, sketch: sketches[index] }),
    ),
  };
}

/** About so many rows from all over the table: of a large one whole blocks, picked at random, the same at every look. */
function sampleOf(table: CatalogueTable, rows: number): string {
  const place = qualified(table.schema, table.name);
  if (table.estimatedRows <= rows * 2) return place;
  const share = Math.max(0.0001, Math.min(100, (rows / table.estimatedRows) * 100));
  return `${place} TABLESAMPLE SYSTEM (${share.toFixed(6)}) REPEATABLE (1)`;
}

async function aggregates(session: Session, from: string, columns: readonly CatalogueColumn[]): Promise<Row> {
  const list = columns.flatMap((column, index) =>
    Object.entries(measuresOf(column)).map(([name, sql]) => `(${sql})::text AS "${String(index)}.${name}"`),
  );
  const [row] = await session.rows(`SELECT ${['count(*) AS rows', ...list].join(', ')} FROM ${from}`);
  return row ?? {};
}

function ofColumn(row: Row, index: number): Row {
  const prefix = `${String(index)}.`;
  const own = Object.entries(row).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value]));
}

function columnProfile(
  column: string,
  measures: Row,
  { looked, rows, sketch }: { looked: number; rows: number; sketch: ColumnSketch | undefined },
): ColumnProfile {
  const present = Number(measures['present'] ?? 0);
  const presentInTable = looked === 0 ? 0 : Math.round((present / looked) * rows);
  const texts = (['min', 'max'] as const).flatMap((name) => {
    const value = measures[name];
    return value == null ? [] : [[name, value] as const];
  });
  const numbers = (['mean', 'variance', 'minLength', 'maxLength', 'averageLength'] as const).flatMap((name) => {
    const value = measures[name];
    return value == null || !Number.isFinite(Number(value)) ? [] : [[name, Number(value)] as const];
  });
  return {
    column,
    rows: looked,
    nulls: looked - present,
    distinct: sketch?.distinctIn(presentInTable) ?? 0,
    ...Object.fromEntries<string | number>([...texts, ...numbers]),
    ...(sketch && { fingerprint: sketch.result() }),
  };
}
