import type { Rule } from '../../contracts/rules.js';
import type { SecretBox } from '../secrets/secret-box.js';
import type { Database, StoreTransaction } from './database.js';
import { encodeJson } from './json-document.js';
import type { CheckedRule, KeptRule, RuleStore } from './store.js';

interface RuleRow {
  readonly migration_id: string;
  readonly rule_id: string;
  readonly body: unknown;
  readonly signature: string;
  readonly state: string;
  readonly decided_by: string | null;
  readonly reason: string | null;
  readonly on_broken: string | null;
  readonly sealed: Buffer;
  readonly checked: unknown;
}

/** What may stand open of a rule; who decided what stands beside it. */
type Body = Omit<Rule, 'values' | 'state' | 'by' | 'reason' | 'onBroken'>;

/** Rules of migrations: what they say lies open; values that they list, and rows that break them, lie sealed. */
export function ruleStore(database: Database, box: SecretBox): RuleStore {
  return {
    propose: (migrationId, rules) =>
      database.transact({ attempted: 'keep the rules of', on: migrationId }, (query) =>
        propose({ query, box }, migrationId, rules),
      ),
    list: (migrationId) =>
      database.run({ attempted: 'read the rules of', on: migrationId }, async (query) => {
        const rows = await query
          .selectFrom('rules')
          .selectAll()
          .where('migration_id', '=', migrationId)
          .orderBy('ordinal')
          .execute();
        return rows.map((row) => keptRule(row, box));
      }),
    accepted: (migrationId, table) =>
      database.run({ attempted: 'read the accepted rules of', on: migrationId }, async (query) => {
        const rows = await query
          .selectFrom('rules')
          .selectAll()
          .where('migration_id', '=', migrationId)
          .where('state', '=', 'accepted')
          .$if(table !== undefined, (some) => some.where('source_table', '=', table ?? ''))
          .orderBy('ordinal')
          .execute();
        return rows.map((row) => keptRule(row, box).rule);
      }),
    decide: (migrationId, ruleId, { state, by, reason, onBroken }) =>
      database.run({ attempted: 'decide about a rule of', on: migrationId }, async (query) => {
        await query
          .updateTable('rules')
          .set({ state, decided_by: by, reason: reason ?? null, on_broken: onBroken ?? null })
          .where('migration_id', '=', migrationId)
          .where('rule_id', '=', ruleId)
          .execute();
      }),
    ...checking(database, box),
  };
}

function checking(database: Database, box: SecretBox): Pick<RuleStore, 'putChecked' | 'brokenKeys'> {
  return {
    putChecked: (migrationId, ruleId, { keys, ...counts }) =>
      database.run({ attempted: 'keep what was checked of', on: migrationId }, async (query) => {
        const sealed = seal(box, `${contextOf(migrationId, ruleId)}:keys`, keys);
        await query
          .updateTable('rules')
          .set({ checked: encodeJson(counts), sealed_keys: sealed })
          .where('migration_id', '=', migrationId)
          .where('rule_id', '=', ruleId)
          .execute();
      }),
    brokenKeys: (migrationId, ruleId) =>
      database.run({ attempted: 'read the broken rows of', on: migrationId }, async (query) => {
        const row = await query
          .selectFrom('rules')
          .select('sealed_keys')
          .where('migration_id', '=', migrationId)
          .where('rule_id', '=', ruleId)
          .executeTakeFirst();
        if (row?.sealed_keys == null) return [];
        return open(box, `${contextOf(migrationId, ruleId)}:keys`, row.sealed_keys) as CheckedRule['keys'];
      }),
  };
}

/** What is there already stays: somebody may have decided about it. */
async function propose(
  { query, box }: { readonly query: StoreTransaction; readonly box: SecretBox },
  migrationId: string,
  rules: readonly KeptRule[],
): Promise<void> {
  if (rules.length === 0) return;
  const rows = rules.map(({ rule, signature, examples }, ordinal) => {
    const { values, state, by, reason, onBroken, ...body } = rule as Rule & { readonly values?: readonly string[] };
    return {
      migration_id: migrationId,
      rule_id: rule.id,
      source_table: rule.table,
      ordinal,
      body: encodeJson(body),
      signature,
      state,
      decided_by: by ?? null,
      reason: reason ?? null,
      on_broken: onBroken ?? null,
      sealed: seal(box, contextOf(migrationId, rule.id), { values, examples }),
      checked: null,
      sealed_keys: null,
    };
  });
  await query
    .insertInto('rules')
    .values(rows)
    .onConflict((conflict) => conflict.columns(['migration_id', 'rule_id']).doNothing())
    .execute();
}

function keptRule(row: RuleRow, box: SecretBox): KeptRule {
  const { values, examples } = open(box, contextOf(row.migration_id, row.rule_id), row.sealed) as {
    readonly values?: readonly string[];
    readonly examples: KeptRule['examples'];
  };
  const rule = {
    ...(row.body as Body),
    ...(values !== undefined && { values }),
    state: row.state,
    ...(row.decided_by !== null && { by: row.decided_by }),
    ...(row.reason !== null && { reason: row.reason }),
    ...(row.on_broken !== null && { onBroken: row.on_broken }),
  } as Rule;
  const checked = row.checked as Omit<CheckedRule, 'keys'> | null;
  return { rule, signature: row.signature, examples, ...(checked !== null && { checked }) };
}

const contextOf = (migrationId: string, ruleId: string): string => `rule:${migrationId}:${ruleId}`;

function seal(box: SecretBox, context: string, content: unknown): Buffer {
  return box.seal(Buffer.from(JSON.stringify(content)), context);
}

function open(box: SecretBox, context: string, sealed: Buffer): unknown {
  return JSON.parse(box.open(sealed, context).toString());
}
