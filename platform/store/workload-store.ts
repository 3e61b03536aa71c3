import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Workload } from '../../contracts/workload.js';
import type { SecretBox } from '../secrets/secret-box.js';
import type { Database } from './database.js';
import { encodeJson } from './json-document.js';
import type { WorkloadStore } from './store.js';

const packed = promisify(gzip);
const unpacked = promisify(gunzip);
/** A workload keeps a bounded amount of text (see docs/queries.md); what unpacks to more was not made here. */
const UNPACKED_BYTES_MAX = 512 * 1024 * 1024;

export function workloadStore(database: Database, box: SecretBox): WorkloadStore {
  return {
    put: async (workloadId, workload) => {
      const { queries, ...summary } = workload;
      const sealed = box.seal(await packed(JSON.stringify(queries)), contextOf(workloadId));
      await database.run({ attempted: 'store the recorded queries', on: workloadId }, (query) =>
        query
          .insertInto('workloads')
          .values({ workload_id: workloadId, summary: encodeJson(summary), sealed })
          .onConflict((conflict) => conflict.column('workload_id').doNothing())
          .execute(),
      );
    },
    get: async (workloadId) => {
      const row = await database.run({ attempted: 'read the recorded queries', on: workloadId }, (query) =>
        query
          .selectFrom('workloads')
          .select(['summary', 'sealed'])
          .where('workload_id', '=', workloadId)
          .executeTakeFirst(),
      );
      if (row === undefined) return undefined;
      const opened = box.open(row.sealed, contextOf(workloadId));
      const bytes = await unpacked(opened, { maxOutputLength: UNPACKED_BYTES_MAX });
      return {
        ...(row.summary as Omit<Workload, 'queries'>),
        queries: JSON.parse(bytes.toString('utf8')) as Workload['queries'],
      };
    },
    remove: async (workloadId) => {
      await database.run({ attempted: 'delete the recorded queries', on: workloadId }, (query) =>
        query.deleteFrom('workloads').where('workload_id', '=', workloadId).execute(),
      );
    },
  };
}

function contextOf(workloadId: string): string {
  return `workload:${workloadId}`;
}
