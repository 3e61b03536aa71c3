import { withoutValues } from '../../contracts/rules.js';
import { sentenceOf } from '../../contracts/rules-text.js';
import type { CheckedRule, KeptRule } from '../../platform/store/store.js';
import type { CliContext } from '../cli-context.js';
import { patient } from '../patience.js';
import { unknownMigration } from '../../platform/temporal/failure-report.js';
import { withSession } from '../session.js';
import type { Session } from '../session.js';
import { countText, escapedText, printable, safeJson, textTable } from '../text-table.js';

export interface ListOptions {
  readonly reveal?: boolean;
  readonly json?: boolean;
}

interface Revealed {
  readonly values?: readonly string[];
  readonly examples: KeptRule['examples'];
  readonly brokenKeys: CheckedRule['keys'];
}

type Shown = KeptRule & { readonly revealed?: Revealed };

/** `caravan rules ID`: from the store, so that it tells of ended migrations, too. Values only with `reveal`. */
export async function runRulesList(
  context: CliContext,
  migrationId: string,
  { reveal = false, json = false }: ListOptions,
): Promise<number> {
  return withSession(
    context,
    async (session) => {
      const kept = await patient(() => session.store.rules.list(migrationId));
      if (kept.length === 0 && (await patient(() => session.store.migrations.get(migrationId))) === undefined)
        throw unknownMigration(migrationId);
      const rules: Shown[] = [];
      for (const rule of kept)
        rules.push(reveal ? { ...rule, revealed: await revealed(session, migrationId, rule) } : rule);
      if (json) context.print(safeJson({ migrationId, rules: rules.map(jsonOf) }));
      else for (const line of linesOf(rules)) context.print(line);
      return 0;
    },
    { loud: !json },
  );
}

async function revealed({ store }: Session, migrationId: string, { rule, examples }: KeptRule): Promise<Revealed> {
  const brokenKeys = await patient(() => store.rules.brokenKeys(migrationId, rule.id));
  return { examples, brokenKeys, ...(rule.kind === 'one_of' && rule.values !== undefined && { values: rule.values }) };
}

function jsonOf({ rule, checked, revealed }: Shown): unknown {
  return { ...withoutValues(rule), says: sentenceOf(rule), ...(checked && { checked }), ...revealed };
}

function linesOf(rules: readonly Shown[]): string[] {
  if (rules.length === 0) return ['no rule was found'];
  const rows = rules.map(({ rule, checked }) => {
    const broken = checked === undefined ? rule.counterExamples : checked.targetBroken;
    const held = checked === undefined ? rule.support : checked.targetRows;
    return [
      rule.id,
      rule.state,
      rule.confidence.toFixed(2),
      `${countText(broken)} of ${countText(held)}${checked === undefined && rule.sample < 1 ? ' (sample)' : ''}`,
      rule.origin,
      printable(sentenceOf(rule)),
    ];
  });
  const more = rules.flatMap(({ rule, revealed }) => (revealed === undefined ? [] : revealedLines(rule.id, revealed)));
  return [...textTable([['RULE', 'STATE', 'SURE', 'BROKEN BY', 'FROM', 'SAYS'], ...rows], [2, 3]), ...more];
}

function revealedLines(id: string, { values = [], examples, brokenKeys }: Revealed): string[] {
  const text = (all: readonly (string | null)[]): string =>
    all.map((value) => (value === null ? 'NULL' : `"${escapedText(value)}"`)).join(', ');
  const line = (name: string, all: readonly (readonly (string | null)[])[]): string[] =>
    all.length === 0 ? [] : [`${id} ${name}: ${all.map((one) => `(${text(one)})`).join(' ')}`];
  return [
    ...line('values', values.length === 0 ? [] : [values]),
    ...line('broken by', examples),
    ...line('in rows', brokenKeys),
  ];
}
