import type { CatalogueColumn, CatalogueTable } from '../../contracts/catalogue.js';
import { ODD_VALUES, SHAPES, type ColumnProfile, type TableProfile } from '../../contracts/profile.js';
import type { MysqlSession } from './connect.js';
import { sampledMeasures, shapeMeasures, wholeMeasures, type Measure } from './profile-measures.js';
import { sampleOf } from './profile-sample.js';

/** Rows for distinct values and encodings, and for shapes: their costs do not grow with the table. */
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

/** From a sample: few distinct values are all there, many grow with the rows. */
function distinctOf(seen: number, sampled: number, present: number): number {
  if (sampled === 0 || sampled >= present) return Math.min(seen, present);
  if (seen < sampled / 10) return seen;
  return Math.round((seen / sampled) * present);
}

function definedOnly<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function columnProfile(column: CatalogueColumn, tableRows: number, passes: readonly [Pass, Pass, Pass]): ColumnProfile {
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
    distinct: distinctOf(reading.number('distinct') ?? 0, reading.number('sampled') ?? 0, presentInTable),
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
  };
}

async function measured(session: MysqlSession, table: CatalogueTable, options: ProfileOptions): Promise<TableProfile> {
  const exact = table.estimatedRows <= options.sampleAbove;
  const from = await sampleOf(session, table, exact ? Infinity : Math.min(options.sampleAbove, STANDING_ROWS));
  const whole = await run(session, from, places(table.columns, wholeMeasures));
  const sampled = await run(
    session,
    await sampleOf(session, table, SAMPLED_ROWS),
    places(table.columns, sampledMeasures),
  );
  const knowsJson = session.facts.engine === 'mysql' || session.facts.number >= 100_203;
  const shape = places(table.columns, (column) => shapeMeasures(column, knowsJson));
  const shaped =
    shape.length === 0
      ? { rows: 0, results: new Map() }
      : await run(session, await sampleOf(session, table, SHAPED_ROWS), shape);
  const rows = exact ? whole.rows : table.estimatedRows;
  return {
    schema: table.schema,
    table: table.name,
    rows,
    exact,
    sample: exact || rows === 0 ? 1 : Math.min(1, whole.rows / rows),
    columns: table.columns.map((column) => columnProfile(column, rows, [whole, sampled, shaped])),
  };
}

/** MABA's fingerprint of a table, by aggregates in the server: one pass over the rows and two over small samples. */
export async function profileTable(
  session: MysqlSession,
  table: CatalogueTable,
  options: ProfileOptions,
): Promise<TableProfile> {
  const { signal } = options;
  signal?.throwIfAborted();
  const onAbort = (): void => {
    session.destroy();
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await measured(session, table, options);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
