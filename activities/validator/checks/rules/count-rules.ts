import { qualified } from '../../../../contracts/catalogue.js';
import type { TableMapping } from '../../../../contracts/mapping.js';
import { isRowRule } from '../../../../contracts/rules.js';
import type { Rule, SumOfLines } from '../../../../contracts/rules.js';
import type { CanonicalBatch } from '../../../../databases/source.js';
import { rowTest } from '../../../kora/rules/row-tests.js';
import { RowReader } from '../../../kora/rules/sample.js';
import { DependencyTally, SumTally, UniqueTally } from '../../../kora/rules/tallies.js';
import type { Count, Part } from '../../../kora/rules/tallies.js';
import { readable } from '../../../kora/rules/values.js';
import type { RuleValue } from '../../../kora/rules/values.js';

/** All rows of a table of one side, with these columns only. */
export type ScanSide = (table: TableMapping) => AsyncIterable<CanonicalBatch>;

/** Keys of broken rows that are kept. */
const KEYS_MAX = 20;
/** Rows whose keys are held at once; a larger table is read as often as it takes. */
const ROWS_AT_ONCE = 1_000_000;

export interface Counted extends Count {
  readonly keys: readonly (readonly (string | null)[])[];
}

export interface Counting {
  readonly tables: readonly TableMapping[];
  readonly scan: ScanSide;
  readonly now: Date;
  readonly onRows: (rows: number) => void;
}

/** Holds the rules of one table against all rows of one side, by the rule's id. */
export async function countRules(
  table: TableMapping,
  rules: readonly Rule[],
  counting: Counting,
): Promise<Map<string, Counted>> {
  const counted = new Map<string, Counted>();
  const add = (more: ReadonlyMap<string, Counted>): void => {
    for (const [id, { rows, broken, keys }] of more) {
      const before = counted.get(id) ?? { rows: 0, broken: 0, keys: [] };
      const all = [...before.keys, ...keys].slice(0, KEYS_MAX);
      counted.set(id, { rows: before.rows + rows, broken: before.broken + broken, keys: all });
    }
  };
  add(await onePass(table, rules.filter(isRowRule), { ...counting, part: { part: 0, parts: 1 } }));
  const others = rules.filter((rule) => !isRowRule(rule));
  const parts = Math.max(1, Math.ceil(table.estimatedRows / ROWS_AT_ONCE));
  for (let part = 0; part < parts; part += 1) add(await onePass(table, others, { ...counting, part: { part, parts } }));
  return counted;
}

type Passing = Counting & { readonly part: Part };

async function onePass(table: TableMapping, rules: readonly Rule[], passing: Passing): Promise<Map<string, Counted>> {
  if (rules.length === 0) return new Map();
  const names = [...new Set([...rules.flatMap(columnsOf), ...(table.rowKey ?? [])])];
  const narrow = { ...table, columns: table.columns.filter(({ source }) => names.includes(source)) };
  const places = (wanted: readonly string[]): number[] =>
    wanted.map((name) => narrow.columns.findIndex(({ source }) => source === name));
  const counters: Counter[] = [];
  for (const rule of rules) counters.push(await counterOf(narrow, rule, { ...passing, places }));
  const keyPlaces = places(table.rowKey ?? []).filter((place) => place >= 0);
  await eachRow(narrow, passing, (values) => {
    for (const counter of counters) {
      if (!counter.add(values) || counter.keys.length >= KEYS_MAX) continue;
      counter.keys.push(keyPlaces.map((place) => values[place] ?? null));
    }
  });
  return new Map(counters.map((counter) => [counter.id, { ...counter.count(), keys: counter.keys }]));
}

function columnsOf(rule: Rule): readonly string[] {
  return rule.kind === 'sum_of_lines' ? [...rule.columns, ...rule.parameters.key] : rule.columns;
}

async function eachRow(
  table: TableMapping,
  { scan, onRows }: Counting,
  work: (values: readonly RuleValue[]) => void,
): Promise<void> {
  const reader = new RowReader(table.columns.map(readable));
  for await (const { rows, bytes, end } of scan(table)) {
    for (let row = 0; row < rows; row += 1) {
      reader.read(bytes, row === 0 ? 0 : (end[row - 1] ?? 0));
      work(reader.values);
    }
    onRows(rows);
  }
}

interface Counter {
  readonly id: string;
  readonly keys: (string | null)[][];
  /** True: the row breaks the rule. */
  add(values: readonly RuleValue[]): boolean;
  count(): Count;
}

async function counterOf(
  table: TableMapping,
  rule: Rule,
  passing: Passing & { readonly places: (names: readonly string[]) => number[] },
): Promise<Counter> {
  const columns = passing.places(rule.columns);
  const pick = (values: readonly RuleValue[]): RuleValue[] => columns.map((place) => values[place]);
  const common = { id: rule.id, keys: [] };
  if (rule.kind === 'sum_of_lines') {
    const [total = -1] = columns;
    const tally = new SumTally(table.columns[total]?.limits.scale, passing.part);
    await addLines(tally, rule.parameters, passing);
    const keys = passing.places(rule.parameters.key);
    const add = (values: readonly RuleValue[]): boolean =>
      tally.addRow(
        keys.map((place) => values[place]),
        values[total],
      );
    return { ...common, add, count: () => tally.count() };
  }
  if (isRowRule(rule)) return { ...common, ...rowCounter(table, rule, { now: passing.now, columns, pick }) };
  const tally = rule.kind === 'unique_together' ? new UniqueTally(passing.part) : new DependencyTally(passing.part);
  return { ...common, add: (values) => tally.add(pick(values)), count: () => tally.count() };
}

function rowCounter(
  table: TableMapping,
  rule: Extract<Rule, Parameters<typeof rowTest>[0]>,
  {
    now,
    columns,
    pick,
  }: { now: Date; columns: readonly number[]; pick: (values: readonly RuleValue[]) => RuleValue[] },
): Pick<Counter, 'add' | 'count'> {
  const classes = columns.map((place) => {
    const column = table.columns[place];
    return column === undefined ? 'other' : readable(column).class;
  });
  const test = rowTest(rule, { now, classes });
  let rows = 0;
  let broken = 0;
  return {
    add: (values) => {
      const said = test(pick(values));
      if (said !== 'unknown') rows += 1;
      if (said === 'broken') broken += 1;
      return said === 'broken';
    },
    count: () => ({ rows, broken }),
  };
}

async function addLines(
  tally: SumTally,
  { lines: name, lineKey, amount }: SumOfLines,
  passing: Passing,
): Promise<void> {
  const lines = passing.tables.find(({ source }) => qualified(source) === name);
  if (lines === undefined) return;
  const wanted = [...lineKey, ...amount];
  const narrow = { ...lines, columns: lines.columns.filter(({ source }) => wanted.includes(source)) };
  const place = (name: string): number => narrow.columns.findIndex(({ source }) => source === name);
  const [keys, amounts] = [lineKey.map(place), amount.map(place)];
  await eachRow(narrow, passing, (values) => {
    tally.addLine(
      keys.map((at) => values[at]),
      amounts.map((at) => values[at]),
    );
  });
}
