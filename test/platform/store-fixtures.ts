import type { Catalogue } from '../../contracts/catalogue.js';
import type { Notification } from '../../contracts/events.js';
import type { Workload, WorkloadQuery } from '../../contracts/workload.js';
import type { ArchivedEntry, DeliveryFailure } from '../../platform/store/store.js';

export function catalogue(tables: number): Catalogue {
  const column = (name: string) => ({
    name,
    type: { base: 'varchar', declared: 'varchar(255)', length: 255 },
    nullable: true,
  });
  return {
    engine: 'mysql',
    serverVersion: '8',
    database: 'shop',
    tables: Array.from({ length: tables }, (_, n) => ({
      schema: 's',
      name: `table_${String(n)}`,
      columns: Array.from({ length: 12 }, (__, c) => column(`column_${String(c)}`)),
      indexes: [],
      foreignKeys: [],
      checks: [],
      estimatedRows: n,
      estimatedBytes: n,
      transactional: true,
    })),
    objects: [],
    cannotSee: [],
    unreadable: [],
  };
}

export function notification(migrationId: string, key: string, group: string): Notification {
  return { migrationId, key, kind: 'alert', group, text: `text of ${key}`, count: 1 };
}

export function entries(count: number): ArchivedEntry[] {
  return Array.from({ length: count }, (_, id) => ({
    id,
    table: 's.t',
    chunk: 1,
    keyIdentity: 'k',
    key: Buffer.from([0, 255, id % 256]),
    column: id % 2 === 0 ? null : 'c',
    reason: 'why "not"',
    bytes: Buffer.from([92, 34, 0]),
    sealedAt: '2024-05-06T07:08:09.010Z',
  }));
}

export const QUERY: WorkloadQuery = {
  id: '0123456789abcdef',
  shape: 'fedcba9876543210',
  sql: 'SELECT 1',
  run: 'SELECT 1',
  translated: null,
  class: 'read',
  tables: ['accounts'],
  orderBy: { fixed: 'none', keys: [] },
  limited: false,
  count: 1,
  synthetic: false,
};

export const WORKLOAD: Workload = {
  version: 1,
  source: 'sql',
  dialect: 'mysql',
  readAt: '2024-05-06T07:08:09.000Z',
  queries: [QUERY],
  counts: { statements: 1, read: 1, write: 0, skipped: {}, broken: 0, brokenAt: [], distinct: 1, synthetic: 0 },
};

/** What a channel's refusal is, to be tried again after so many seconds. */
export function later(retryInSeconds: number): DeliveryFailure {
  return { reason: 'HTTP 500', retryInSeconds, giveUp: { tries: 100, afterSeconds: 3600 } };
}
