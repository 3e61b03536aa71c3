import { sql } from 'kysely';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { canonicalJson } from '../../contracts/canonical-json.js';
import type { QueryVerdict } from '../../contracts/replay.js';
import { sha256Hex } from '../hash.js';
import type { SecretBox } from '../secrets/secret-box.js';
import type { Database } from './database.js';
import type { VerdictStore } from './store.js';

const packed = promisify(gzip);
const unpacked = promisify(gunzip);

export function verdictStore(database: Database, box: SecretBox): VerdictStore {
  return {
    begin: (migrationId, state) =>
      database.transact({ attempted: 'find judged queries of', on: migrationId }, async (query) => {
        await query
          .deleteFrom('query_verdicts')
          .where('migration_id', '=', migrationId)
          .where('state', '<>', state)
          .execute();
        const known = query.selectFrom('query_verdicts').select(['page', 'hash']);
        return known.where('migration_id', '=', migrationId).orderBy('page').execute();
      }),
    put: async (migrationId, { state, page }, verdicts) => {
      const json = canonicalJson(verdicts);
      const hash = sha256Hex(json);
      const sealed = box.seal(await packed(json), contextOf(migrationId, page));
      await database.run({ attempted: 'store judged queries of', on: migrationId }, (query) =>
        query
          .insertInto('query_verdicts')
          .values({ migration_id: migrationId, state, page, hash, sealed })
          .onConflict((conflict) =>
            conflict.columns(['migration_id', 'page']).doUpdateSet({ state, hash, sealed, judged_at: sql`now()` }),
          )
          .execute(),
      );
      return hash;
    },
    page: async (migrationId, page) => {
      const row = await database.run({ attempted: 'read judged queries of', on: migrationId }, (query) =>
        query
          .selectFrom('query_verdicts')
          .select('sealed')
          .where('migration_id', '=', migrationId)
          .where('page', '=', page)
          .executeTakeFirst(),
      );
      if (row === undefined) return undefined;
      const bytes = await unpacked(box.open(row.sealed, contextOf(migrationId, page)));
      return JSON.parse(bytes.toString('utf8')) as QueryVerdict[];
    },
  };
}

function contextOf(migrationId: string, page: number): string {
  return `verdicts:${migrationId}:${String(page)}`;
}
