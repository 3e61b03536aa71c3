import { sql } from 'kysely';
import { canonicalJson } from '../../../contracts/canonical-json.js';
import { CaravanFailure } from '../../../contracts/failures.js';
import type { PatternTemplate } from '../../../contracts/patterns.js';
import { PATTERNS_MAX } from '../../../contracts/patterns.js';
import type { Database, StoreTransaction } from '../database.js';
import { encodeJson } from '../json-document.js';
import type { PatternStore, StoredPattern } from './engine-store.js';

/** Registered patterns. Definitions keep what they were expanded to, so nothing here is read while they run. */
export function patternStore(database: Database): PatternStore {
  return {
    put: (pattern) =>
      database.transact({ attempted: 'register the pattern', on: pattern.name }, (query) => put(query, pattern)),
    get: (names) =>
      database.run({ attempted: 'read', on: 'patterns' }, async (query) => {
        if (names.length === 0) return [];
        const rows = await query.selectFrom('workflow_patterns').selectAll().where('name', 'in', names).execute();
        return rows.map(storedOf);
      }),
    list: () =>
      database.run({ attempted: 'list', on: 'patterns' }, async (query) => {
        const rows = await query.selectFrom('workflow_patterns').selectAll().orderBy('name').execute();
        return rows.map(storedOf);
      }),
    remove: (name) =>
      database.run({ attempted: 'delete the pattern', on: name }, async (query) => {
        const { numDeletedRows } = await query
          .deleteFrom('workflow_patterns')
          .where('name', '=', name)
          .executeTakeFirst();
        return numDeletedRows > 0n;
      }),
  };
}

async function put(query: StoreTransaction, pattern: PatternTemplate): ReturnType<PatternStore['put']> {
  const { name, version } = pattern;
  const body = encodeJson(pattern);
  // One at a time, so that the limit and the version are looked at by nobody else.
  await sql`LOCK TABLE caravan_store.workflow_patterns IN SHARE ROW EXCLUSIVE MODE`.execute(query);
  const { count } = await query
    .selectFrom('workflow_patterns')
    .select((select) => select.fn.countAll<string>().as('count'))
    .executeTakeFirstOrThrow();
  const there = await query
    .selectFrom('workflow_patterns')
    .select(['version', 'body'])
    .where('name', '=', name)
    .executeTakeFirst();
  if (there === undefined && Number(count) >= PATTERNS_MAX) throw tooMany(name);
  if (there?.version === version) {
    if (canonicalJson(there.body) === canonicalJson(pattern)) return 'same';
    const seen = `version ${version} is there with another content`;
    throw new CaravanFailure('PATTERN_EXISTS', { attempted: 'register', on: name, seen });
  }
  await query
    .insertInto('workflow_patterns')
    .values({ name, version, body })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ version, body, updated_at: new Date() }))
    .execute();
  return there === undefined ? 'created' : 'replaced';
}

function tooMany(name: string): CaravanFailure {
  const seen = `there are ${String(PATTERNS_MAX)} already`;
  return new CaravanFailure('NOT_NOW', { attempted: 'register', on: name, seen, next: 'Delete one that is not used.' });
}

function storedOf(row: {
  readonly body: unknown;
  readonly created_at: Date;
  readonly updated_at: Date;
}): StoredPattern {
  return {
    pattern: row.body as PatternTemplate,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
