import type { Database } from './database.js';
import { encodeJson } from './json-document.js';
import type { LearningFact, LearningStore } from './store.js';

/** Newest facts that are read; older ones say little about today's machines. */
const FACTS_READ_MAX = 10_000;

export function learningStore(database: Database): LearningStore {
  return {
    add: (fact) =>
      database.run({ attempted: 'record what was learned in', on: fact.migrationId }, async (query) => {
        const numbers = encodeJson(fact.numbers);
        await query
          .insertInto('learning_facts')
          .values({ migration_id: fact.migrationId, kind: fact.kind, signature: fact.signature, numbers })
          .onConflict((conflict) => conflict.columns(['migration_id', 'kind', 'signature']).doUpdateSet({ numbers }))
          .execute();
      }),
    facts: (kind) =>
      database.run({ attempted: 'read what was learned about', on: kind }, async (query) => {
        const rows = await query
          .selectFrom('learning_facts')
          .select(['signature', 'numbers'])
          .where('kind', '=', kind)
          .orderBy('ordinal', 'desc')
          .limit(FACTS_READ_MAX)
          .execute();
        return rows.map((row) => ({ kind, signature: row.signature, numbers: row.numbers as LearningFact['numbers'] }));
      }),
  };
}
