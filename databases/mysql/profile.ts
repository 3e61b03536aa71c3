import type { CatalogueColumn, CatalogueTable } from '../../contracts/catalogue.js';
import { ODD_VALUES, SHAPES, type ColumnProfile, type TableProfile } from '../../contracts/profile.js';
import type { ColumnSketch } from '../fingerprint/column-sketch.js';
import { cutting } from '../lent-sessions.js';
import type { MysqlSession } from './connect.js';
import { sampledMeasures, shapeMeasures, wholeMeasures, type Measure } from './profile-measures.js';
import { sampleOf } from './profile-sample.js';
import { sketchTable } from './profile-sketch.js';

/** Rows for encodings, and for shapes: their costs do not grow with the table. */
const SAMPLED_ROWS = 20_000;
const SHAPED_ROWS = 2000;
/** Rows that stand for a table above `sampleAbove`. */
const STANDING_ROWS = 50_000;
/** Expressions of one query; wide tables take several. */
const EXPRESSIONS_MAX = 600;

export interface ProfileOptions {
  readonly sampleAbove: number;
  readonly signal?: AbortSignal;
}

/** Results by column, then by the measure's name. */
type Results = ReadonlyMap<string, ReadonlyMap<string, string | null>>;

interface Pass {
  readonly rows: number;
  readonly results: Results;
}

interface Place {
  readonly column: string;
  readonly measure: Measure;
}

async function run(session: MysqlSession, from: string, places: readonly Place[]): Promise<Pass> {
  const results = new Map<string, Map<string, string | null>>();
  let rows = 0;
  for (let first = 0; first === 0 || first < places.length; first += EXPRESSIONS_MAX) {
    const group = places.slice(first, first + EXPRESSIONS_MAX);
    const list = ['COUNT(*) AS row_count', ...group.map(({ measure }, index) => `${measure.sql} AS e${String(index)}`)];
    const [row] = await session.query(`SELECT ${list.join(', ')} FROM ${from}`, {
      attempted: 'profile',
      on: from.slice(0, 80),
    });
    rows = Number(row?.row_count ?? 0);
    for (const [index, { column, measure }] of group.entries()) {
      const known = results.get(column) ?? new Map<string, string | null>();
      known.set(measure.name, row?.[`e${String(index)}`] ?? null);
      results.set(column, known);
    }
  }
  return { rows, results };
}

function places(columns: readonly CatalogueColumn[], measures: (column: CatalogueColumn) => Measure[]): Place[] {
  return columns.flatMap((column) => measures(column).map((measure) => ({ column: column.name, measure })));
}

class Reading {
  readonly #passes: readonly Pass[];
  readonly #column: string;

  constructor(passes: readonly Pass[], column: string) {
    this.#passes = passes;
    this.#column = column;
  }

  text(name: string): string | undefined {
    for (const pass of this.#passes) {
      const value = pass.results.get(this.#column)?.get(name);
      if (typeof value === 'string') return value;
    }
    return undefined;
  }

  number(name: string): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : Number(text);
  }
}

function definedOnly<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function columnProfile(
  column: CatalogueColumn,
  sketch: ColumnSketch | undefined,
  { tableRows, passes }: { readonly tableRows: number; readonly passes: readonly [Pass, Pass, Pass] },
): ColumnProfile {
  const [whole, sampled] = passes;
  const reading = new Reading(passes, column.name);
  const present = reading.number('present') ?? 0;
  const presentInTable = whole.rows === 0 ? 0 : Math.round((present / whole.rows) * tableRows);
  const scale = sampled.rows === 0 || sampled.rows >= whole.rows ? 1 : whole.rows / sampled.rows;
  const oddCounts: Partial<Record<(typeof ODD_VALUES)[number], number>> = {};
  for (const cause of ODD_VALUES) {
    const count = reading.number(`odd.${cause}`) ?? 0;
    const counted = whole.results.get(column.name)?.has(`odd.${cause}`) ?? false;
    if (count > 0) oddCounts[cause] = counted ? count : Math.round(count * scale);
  }
  const shapes: Partial<Record<(typeof SHAPES)[number], number>> = {};
  for (const shape of SHAPES) {
    const share = reading.number(`shape.${shape}`) ?? 0;
    if (share > 0) shapes[shape] = share;
  }
  return {
    column: column.name,
    rows: whole.rows,
    nulls: whole.rows - present,
    distinct: sketch?.distinctIn(presentInTable) ?? 0,
    ...definedOnly({
      min: reading.text('min'),
      max: reading.text('max'),
      mean: reading.number('mean'),
      variance: reading.number('variance'),
      minLength: reading.number('minLength'),
      maxLength: reading.number('maxLength'),
      averageLength: reading.number('averageLength'),
    }),
    ...(Object.keys(oddCounts).length > 0 && { odd: oddCounts }),
    ...(Object.keys(shapes).length > 0 && { shapes }),
    ...(sketch && { fingerprint: sketch.result() }),
  };
}

/** A pass over a sample, where some column has anything to measure in it. */
async function runSampled(
  session: MysqlSession,
  sample: { readonly table: CatalogueTable; readonly rows: number },
  wanted: readonly Place[],
): Promise<Pass> {
  if (wanted.length === 0) return { rows: 0, results: new Map() };
  return run(session, await sampleOf(session, sample.table, sample.rows), wanted);
}

async function measured(session: MysqlSession, given: CatalogueTable, options: ProfileOptions): Promise<TableProfile> {
  const exact = given.estimatedRows <= options.sampleAbove;
  const from = await sampleOf(session, given, exact ? Infinity : Math.min(options.sampleAbove, STANDING_ROWS));
  const whole = await run(session, from, places(given.columns, wholeMeasures));
  const rows = exact ? whole.rows : given.estimatedRows;
  // From here on the rows are known: the estimate of a table that was just filled may be 0.
  const table = { ...given, estimatedRows: rows };
  const sampled = await runSampled(session, { table, rows: SAMPLED_ROWS }, places(table.columns, sampledMeasures));
  const knowsJson = session.facts.engine === 'mysql' || session.facts.number >= 100_203;
  const shape = places(table.columns, (column) => shapeMeasures(column, knowsJson));
  const shaped = await runSampled(session, { table, rows: SHAPED_ROWS }, shape);
  const sketches = await sketchTable(session, table, options.signal);
  return {
    schema: table.schema,
    table: table.name,
    rows,
    exact,
    sample: exact || rows === 0 ? 1 : Math.min(1, whole.rows / rows),
    columns: table.columns.map((column, index) =>
      columnProfile(column, sketches[index], { tableRows: rows, passes: [whole, sampled, shaped] }),
    ),
  };
}

/** MABA's fingerprint of a table, by aggregates in the server, one pass over the rows and two over
 * small samples, and by sketches of one more sample. */
export async function profileTable(
  session: MysqlSession,
  table: CatalogueTable,
  options: ProfileOptions,
): Promise<TableProfile> {
  return cutting(session, options.signal, () => measured(session, table, options));
}
