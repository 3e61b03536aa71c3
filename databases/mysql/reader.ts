import type { TableMapping } from '../../contracts/mapping.js';
import type { CanonicalBatch, KeyRange, Reader, RowBatch, ScanOptions } from '../source.js';
import type { MysqlSession } from './connect.js';
import { cutting } from '../lent-sessions.js';
import { measureTable } from './measure.js';
import { openAsking } from './ask.js';
import { readRows } from './read.js';
import { scanRows } from './scan.js';
import { sentRows } from './sent/scan.js';
import type { SessionPool } from './session-pool.js';

/** A reader on one session, as a snapshot lends it. */
export function readerOf(session: MysqlSession): Reader {
  return {
    read: (table, range, signal) => readRows(session, { table, range, signal }),
    scan: (table, range, options) => scanRows(session, { table, range, options }),
    sent: (table, range, signal) => sentRows(session, { table, range, signal }),
    measure: (table, signal) => cutting(session, signal, () => measureTable(session, table)),
    asking: () => openAsking(session),
  };
}

/** A reader outside any snapshot: every read takes a session of the pool, so a lost one is replaced. */
export function poolReader(pool: SessionPool): Reader {
  return {
    async *read(table: TableMapping, range: KeyRange, signal?: AbortSignal): AsyncGenerator<RowBatch> {
      const session = await pool.take();
      try {
        yield* readRows(session, { table, range, signal });
      } finally {
        await pool.giveBack(session);
      }
    },
    async *scan(table: TableMapping, range: KeyRange, options: ScanOptions): AsyncGenerator<CanonicalBatch> {
      const session = await pool.take();
      try {
        yield* scanRows(session, { table, range, options });
      } finally {
        await pool.giveBack(session);
      }
    },
  };
}
