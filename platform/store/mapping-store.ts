import { sql } from 'kysely';
import { sha256Hex } from '../hash.js';
import type { Database } from './database.js';
import type { MappingStore } from './store.js';

export function mappingStore(database: Database): MappingStore {
  return {
    put: (yaml) => {
      const digest = sha256Hex(yaml);
      return database.run({ attempted: 'store the mapping file', on: digest.slice(0, 12) }, (query) =>
        query
          .insertInto('mappings')
          .values({ digest, yaml })
          // The same text again is the same row; the empty update makes the statement give its id.
          .onConflict((conflict) => conflict.column('digest').doUpdateSet({ digest }))
          .returning('mapping_id')
          .executeTakeFirstOrThrow()
          .then((row) => row.mapping_id),
      );
    },
    get: (mappingId) =>
      database.run({ attempted: 'read the mapping file', on: mappingId }, (query) =>
        query
          .selectFrom('mappings')
          .select('yaml')
          .where(sql`mapping_id::text`, '=', mappingId)
          .executeTakeFirst()
          .then((row) => row?.yaml),
      ),
  };
}
