import { qualified } from '../../contracts/catalogue.js';
import type { MigrationMapping, TableMapping } from '../../contracts/mapping.js';
import type { TableProfile } from '../../contracts/profile.js';

export interface Risk {
  /** 0 to 1. */
  readonly risk: number;
  /** The gravest first; each names what and how many. */
  readonly reasons: readonly string[];
}

interface Part {
  /** 0 to 1; parts add up as independent dangers. */
  readonly weight: number;
  readonly reason: string;
}

export const LOW_CONFIDENCE = 0.75;
const NAMED = 3;

/** A danger's weight is `most` × n / (n + `half`): it grows with how many there are, and never reaches `most`. */
const WEIGHTS = {
  odd: { most: 0.4, half: 3, what: 'columns with odd values' },
  relaxed: { most: 0.2, half: 3, what: 'columns whose NOT NULL is relaxed' },
  doubtful: { most: 0.3, half: 5, what: `columns mapped with a confidence below ${String(LOW_CONFIDENCE)}` },
  sampled: { most: 0.1, half: 5, what: 'tables of which only a sample was looked at' },
  keyless: { most: 0.2, half: 4, what: 'tables without a usable key' },
  outside: { most: 0.15, half: 2, what: 'tables outside any snapshot' },
  left: { most: 0.25, half: 10, what: 'objects that are not migrated' },
  unseen: { most: 0.3, half: 1, what: 'things that the login cannot see' },
  renamed: { most: 0.05, half: 5, what: 'names that become others than the rule gives' },
} as const;

/** How risk is reckoned, for people. */
export const RISK_RULE: readonly string[] = [
  'Dangers add up as independent ones: risk = 1 − product of (1 − weight). With n of a kind, its weight is',
  ...Object.values(WEIGHTS).map(({ most, half, what }) => `${String(most)} × n / (n + ${String(half)}) for ${what}`),
];

function some(names: readonly string[]): string {
  const shown = names.slice(0, NAMED).join(', ');
  return names.length > NAMED ? `${shown} and ${String(names.length - NAMED)} more` : shown;
}

function count(many: number, one: string, more = `${one}s`): string {
  return `${String(many)} ${many === 1 ? one : more}`;
}

/** Grows with how many there are, and never reaches `most`. */
function growing(many: number, { most, half }: { readonly most: number; readonly half: number }): number {
  return many === 0 ? 0 : (most * many) / (many + half);
}

function columnsOf(tables: readonly TableMapping[]) {
  return tables.flatMap((table) =>
    table.columns.map((column) => ({ column, path: `${qualified(table.source)}.${column.source}` })),
  );
}

function valueParts(mapping: MigrationMapping, profiles: readonly TableProfile[]): Part[] {
  const included = new Set(mapping.tables.map((table) => qualified(table.source)));
  const odd = profiles
    .filter((profile) => included.has(`${profile.schema}.${profile.table}`))
    .flatMap((profile) =>
      profile.columns.map((column) => ({
        path: `${profile.schema}.${profile.table}.${column.column}`,
        values: Object.values(column.odd ?? {}).reduce((sum, values) => sum + values, 0),
      })),
    )
    .filter(({ values }) => values > 0);
  const values = odd.reduce((sum, column) => sum + column.values, 0);
  const columns = columnsOf(mapping.tables);
  const relaxed = columns.filter(({ column }) => column.nullable && !column.sourceNullable).map(({ path }) => path);
  const doubtful = columns.filter(({ column }) => column.confidence < LOW_CONFIDENCE).map(({ path }) => path);
  const sampled = profiles.filter(
    (profile) => profile.sample < 1 && included.has(`${profile.schema}.${profile.table}`),
  );
  return [
    {
      weight: growing(odd.length, WEIGHTS.odd),
      reason: `${count(values, 'odd value')} in ${some(odd.map(({ path }) => path))}`,
    },
    { weight: growing(relaxed.length, WEIGHTS.relaxed), reason: `NOT NULL relaxed: ${some(relaxed)}` },
    {
      weight: growing(doubtful.length, WEIGHTS.doubtful),
      reason: `${count(doubtful.length, 'column')} with low confidence: ${some(doubtful)}`,
    },
    {
      weight: growing(sampled.length, WEIGHTS.sampled),
      reason: `${count(sampled.length, 'table')} of which only a sample was looked at`,
    },
  ];
}

function tableParts(mapping: MigrationMapping): Part[] {
  const named = (tables: readonly TableMapping[]): string[] => tables.map((table) => qualified(table.source));
  const keyless = named(mapping.tables.filter((table) => table.rowKey === undefined));
  const outside = named(mapping.tables.filter((table) => !table.transactional));
  return [
    {
      weight: growing(keyless.length, WEIGHTS.keyless),
      reason: `${count(keyless.length, 'table')} without a usable key: ${some(keyless)}`,
    },
    { weight: growing(outside.length, WEIGHTS.outside), reason: `outside any snapshot: ${some(outside)}` },
  ];
}

function leftParts(mapping: MigrationMapping): Part[] {
  const kinds = new Map<string, number>();
  for (const { kind } of mapping.notMigrated) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const list = [...kinds].map(([kind, many]) => `${String(many)} ${kind}`).join(', ');
  return [
    { weight: growing(mapping.notMigrated.length, WEIGHTS.left), reason: `not migrated: ${list}` },
    {
      weight: growing(mapping.cannotSee.length, WEIGHTS.unseen),
      reason: `the login cannot see: ${some(mapping.cannotSee.map(({ what }) => what))}`,
    },
    {
      weight: growing(mapping.renamed.length, WEIGHTS.renamed),
      reason: `${count(mapping.renamed.length, 'name')} became another than the rule gives`,
    },
  ];
}

/** How likely it is that a person would want to look before this plan runs; explained. */
export function assessRisk(mapping: MigrationMapping, profiles: readonly TableProfile[]): Risk {
  const parts = [...valueParts(mapping, profiles), ...tableParts(mapping), ...leftParts(mapping)].filter(
    ({ weight }) => weight > 0,
  );
  const safe = parts.reduce((product, { weight }) => product * (1 - weight), 1);
  const reasons = parts.sort((a, b) => b.weight - a.weight).map(({ reason }) => reason);
  return { risk: Math.round((1 - safe) * 1000) / 1000, reasons };
}
