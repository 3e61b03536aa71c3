import { qualified } from '../../../../contracts/catalogue.js';
import type { Proven } from '../../../../contracts/checks.js';
import type { TableMapping } from '../../../../contracts/mapping.js';
import type { Finding } from '../../../../contracts/migration.js';
import type { Rule } from '../../../../contracts/rules.js';
import { sentenceOf } from '../../../../contracts/rules-text.js';
import { openTargetOf, withEnd } from '../../../ends.js';
import type { Check, CheckContext, CheckOutcome } from '../check.js';
import { mineRules } from '../../rules/mine-rules.js';
import { countRules } from './count-rules.js';
import type { Counted, ScanSide } from './count-rules.js';

/** Holds every accepted rule against all rows of both sides (EX-14). */
export const rulesCheck: Check = {
  name: 'rules',
  applies: async ({ deps, migrationId, planId, existing, alive }) => {
    // A migration finds them while its plan is made. Here nothing is planned, and what a mapping file accepts is held.
    if (existing !== undefined) await mineRules(deps, { migrationId, planId }, alive);
    return (await deps.store.rules.accepted(migrationId)).length > 0;
  },
  run: checkRules,
};

interface Judged {
  readonly rule: Rule;
  readonly source: Counted;
  readonly target: Counted;
}

async function checkRules(context: CheckContext): Promise<CheckOutcome> {
  const { deps, migrationId, migration } = context;
  const rules = await deps.store.rules.accepted(migrationId);
  const tables = new Map(migration.tables.map((table) => [qualified(table.source), table]));
  const judged: Judged[] = [];
  const left: Rule[] = [];
  for (const [name, group] of Map.groupBy(rules, ({ table }) => table)) {
    const table = tables.get(name);
    const there = group.filter((rule) => table !== undefined && hasAll(tables, table, rule));
    left.push(...group.filter((rule) => !there.includes(rule)));
    if (table !== undefined && there.length > 0) judged.push(...(await judge(context, table, there)));
  }
  for (const { rule, source, target } of judged) {
    const keys = target.broken > 0 ? target.keys : source.keys;
    const counts = {
      sourceRows: source.rows,
      sourceBroken: source.broken,
      targetRows: target.rows,
      targetBroken: target.broken,
    };
    await deps.store.rules.putChecked(migrationId, rule.id, { ...counts, keys });
  }
  return outcomeOf(judged, left, context.existing === undefined ? 'open' : 'listed');
}

/** Tables and columns may have been excluded since the rule was found. */
function hasAll(tables: ReadonlyMap<string, TableMapping>, table: TableMapping, rule: Rule): boolean {
  const has = (of: TableMapping | undefined, names: readonly string[]): boolean =>
    of !== undefined && of.rows !== 'none' && names.every((name) => of.columns.some(({ source }) => source === name));
  if (!has(table, rule.columns)) return false;
  if (rule.kind !== 'sum_of_lines') return true;
  const { lines, key, lineKey, amount } = rule.parameters;
  return has(table, key) && has(tables.get(lines), [...lineKey, ...amount]);
}

async function judge(context: CheckContext, table: TableMapping, rules: readonly Rule[]): Promise<Judged[]> {
  const { deps, migrationId, migration, snapshot, existing, alive } = context;
  let read = 0;
  const counting = {
    tables: migration.tables,
    now: new Date(),
    onRows: (rows: number) => {
      read += rows;
      alive.report({ rows: read });
    },
  };
  const options = { keys: false, signal: alive.signal };
  const count = (scan: ScanSide): Promise<Map<string, Counted>> => countRules(table, rules, { ...counting, scan });
  const source = await snapshot.lend((reader) => count((wanted) => reader.scan(wanted, {}, options)));
  const target =
    existing === undefined
      ? await withEnd(
          openTargetOf(deps, migrationId),
          (end) => count((wanted) => end.scan(wanted, {}, options)),
          alive.signal,
        )
      : await count((wanted) => existing.scan(wanted, {}, options));
  const none = { rows: 0, broken: 0, keys: [] };
  return rules.map((rule) => ({ rule, source: source.get(rule.id) ?? none, target: target.get(rule.id) ?? none }));
}

/** `differing`: the disposition of differences. Of a target that is there already nothing can be refused: it is told. */
function outcomeOf(judged: readonly Judged[], left: readonly Rule[], differing: Finding['disposition']): CheckOutcome {
  const held = judged.filter(({ source, target }) => source.broken + target.broken === 0);
  const sum = (of: (one: Judged) => number): number => judged.reduce((total, one) => total + of(one), 0);
  return {
    findings: judged.flatMap((one) => findingOf(one, differing)),
    counts: {
      rules: judged.length + left.length,
      held: held.length,
      broken: judged.length - held.length,
      rows: sum(({ target }) => target.rows),
      brokenRows: sum(({ target }) => target.broken),
    },
    proven: judged.flatMap((one) => provenOf(one) ?? []),
    notProven: [
      ...judged.flatMap(({ rule, source, target }) =>
        target.broken === 0 ? [] : [`That ${sentenceOf(rule)}: ${brokenText(source, target)}.`],
      ),
      ...left.map((rule) => `That ${sentenceOf(rule)}: its table or a column of it was not moved.`),
    ],
    report: {
      rules: judged.map(({ rule, source, target }) => ({
        id: rule.id,
        rule: sentenceOf(rule),
        source: { rows: source.rows, broken: source.broken },
        target: { rows: target.rows, broken: target.broken },
      })),
      left: left.map(({ id }) => id),
    },
  };
}

const text = (count: number): string => String(count);

function brokenText(source: Counted, target: Counted): string {
  return `${text(source.broken)} of ${text(source.rows)} rows of the source break it, and ${text(target.broken)} of ${text(target.rows)} of the target`;
}

function provenOf({ rule, source, target }: Judged): Proven | undefined {
  if (target.broken > 0) return undefined;
  const what = `That ${sentenceOf(rule)}`;
  const how = `Rule ${rule.id} was held against every row of both sides`;
  if (source.broken === 0)
    return { what, how: `${how}: ${text(source.rows)} rows of the source, ${text(target.rows)} of the target.` };
  return {
    what: `${what}, in the target`,
    how: `${how}; ${text(source.broken)} rows of the source break it, and no row of the target.`,
  };
}

/** What the source has broken itself is listed; what only the target breaks is a difference that somebody must accept. */
function findingOf({ rule, source, target }: Judged, differing: Finding['disposition']): Finding[] {
  if (target.broken === 0) return [];
  const isDifference = target.broken > source.broken;
  const code = isDifference ? 'rule_differs' : 'rule_broken';
  const object = `${rule.table}.${rule.columns.join('+')}`;
  const detail = `${object}: ${sentenceOf(rule)} (rule ${rule.id}); ${brokenText(source, target)}.`;
  const disposition = isDifference ? differing : 'listed';
  return [{ id: `${code}:${rule.id}`, code, kind: 'semantic', object, count: target.broken, disposition, detail }];
}
