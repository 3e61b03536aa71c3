import type { ColumnMapping, TableMapping } from '../../../contracts/mapping.js';
import type { TableMeasures } from '../../measures/measures.js';
import type { Reader } from '../../source.js';
import type { Session } from '../connect.js';
import { measureTable } from '../measure.js';
import { readingSource } from './errors.js';
import { sourceTable } from './range.js';
import { openAsking } from '../ask.js';
import { readRows, scanCanonical } from './read.js';
import type { SourceSessions } from './sessions.js';

/** How a reader has a session for one reading, and gives it back. */
export interface Lending {
  take(): Promise<Session>;
  /** Ends the statement that runs; called when nobody waits for it any more. */
  cut(session: Session): void;
  /** `whole`: the statement came to its end. */
  give(session: Session, whole: boolean): Promise<void>;
}

/** Reads by sessions that are lent for one statement each. */
export function readerOf(lending: Lending): Reader {
  return {
    read: (table, range, signal, asText) => {
      const form = asText === true ? 'text' : (table.copyForm ?? 'text');
      return lent(lending, signal, (session) => readRows(session, table, { range, form }));
    },
    scan: (table, range, options) =>
      lent(lending, options.signal, (session) => scanCanonical(session, table, { range, options })),
    measure: async (table, signal) => {
      const found: TableMeasures[] = [];
      for await (const measures of lent(lending, signal, (session) => measured(session, table))) found.push(measures);
      const [measures] = found;
      if (measures === undefined) throw new Error('a measurement gave nothing');
      return measures;
    },
    asking: async (options) => {
      const session = await lending.take();
      return openAsking(session, options, () => lending.give(session, true));
    },
  };
}

async function* measured(session: Session, table: TableMapping): AsyncGenerator<TableMeasures> {
  const place = { from: sourceTable(table), name: ({ source }: ColumnMapping) => source };
  const on = `${table.source.schema}.${table.source.name}`;
  yield await readingSource({ attempted: 'measure', on }, () => measureTable(session, table, place));
}

/** A reader outside any snapshot: every reading takes a session of the pool, so a lost one is replaced. */
export function poolReader(pool: SourceSessions): Reader {
  return readerOf({
    take: () => pool.take(),
    cut: (session) => {
      pool.discard(session);
    },
    give: async (session, whole) => {
      if (whole) await pool.giveBack(session);
      else pool.discard(session);
    },
  });
}

async function* lent<T>(
  lending: Lending,
  signal: AbortSignal | undefined,
  reading: (session: Session) => AsyncIterable<T>,
): AsyncIterable<T> {
  signal?.throwIfAborted();
  const session = await lending.take();
  const cut = (): void => {
    lending.cut(session);
  };
  signal?.addEventListener('abort', cut, { once: true });
  let whole = false;
  try {
    yield* reading(session);
    whole = true;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', cut);
    await lending.give(session, whole);
  }
  signal?.throwIfAborted();
}
