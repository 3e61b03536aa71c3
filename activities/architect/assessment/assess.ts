import type {
  AssessedColumn,
  AssessedQuestion,
  AssessedTable,
  Assessment,
  Refusal,
} from '../../../contracts/assessment.js';
import type { Catalogue, CatalogueTable } from '../../../contracts/catalogue.js';
import { qualified } from '../../../contracts/catalogue.js';
import type { MigrationMapping, TableMapping } from '../../../contracts/mapping.js';
import type { Finding } from '../../../contracts/migration.js';
import type { TableProfile } from '../../../contracts/profile.js';
import type { LearningFact } from '../../../platform/store/store.js';
import { bytesPerRow } from '../../maba/mapping/experience.js';
import { assessRisk, LOW_CONFIDENCE, RISK_RULE } from '../risk.js';
import { choreKindOf, choreOf, EFFORT_RULE, effortParts, minutesOf } from './effort.js';
import type { Chore } from './effort.js';
import { tableTime, TIME_RULE, wholeTime } from './time.js';

export interface AssessInput {
  readonly catalogue: Catalogue;
  readonly profiles: readonly TableProfile[];
  readonly mapping: MigrationMapping;
  readonly findings: readonly Finding[];
  readonly refused: readonly Refusal[];
  readonly questions: readonly AssessedQuestion[];
  readonly throughput: readonly LearningFact[];
}

/** Everything that is known before anyone commits. Pure: the same input gives the same assessment. */
export function assess(input: AssessInput): Assessment {
  const { catalogue, mapping, profiles, refused, questions } = input;
  const chores = choresOf(input);
  const byTable = Map.groupBy(chores, ({ object }) => tableOf(object, catalogue));
  const tables = catalogue.tables.map((table) => assessTable(table, input, byTable.get(qualified(table)) ?? []));
  const { risk, reasons } = assessRisk(mapping, profiles);
  const needsPeople = questions.length + mapping.notMigrated.length + mapping.cannotSee.length > 0;
  return {
    version: 1,
    verdict: refused.length > 0 ? 'blocked' : needsPeople ? 'needs_people' : 'ready',
    source: sourceOf(catalogue, tables),
    target: { schema: mapping.targetSchema, identifiers: mapping.identifiers },
    refused,
    questions,
    cannotSee: mapping.cannotSee,
    notMigrated: mapping.notMigrated.map((left) => ({ ...left, minutes: leftChore(left, catalogue).minutes })),
    views: mapping.views.map(({ source, target, reads }) => ({
      source: qualified(source),
      target: qualified(target),
      reads,
    })),
    renamed: mapping.renamed,
    findings: input.findings.map(({ code, object, count, detail }) => ({ code, object, count, detail })),
    tables,
    risk: { risk, reasons },
    effort: { minutes: minutesOf(chores), parts: effortParts(chores) },
    time: wholeTime(tables),
    rules: { risk: RISK_RULE, effort: EFFORT_RULE, time: TIME_RULE },
  };
}

function sourceOf(catalogue: Catalogue, tables: readonly AssessedTable[]): Assessment['source'] {
  const kinds = [...Map.groupBy(catalogue.objects, ({ kind }) => kind)].map(([kind, some]) => [kind, some.length]);
  return {
    engine: catalogue.engine,
    serverVersion: catalogue.serverVersion,
    database: catalogue.database,
    tables: tables.length,
    rows: tables.reduce((sum, { rows }) => sum + rows, 0),
    bytes: tables.reduce((sum, { bytes }) => sum + bytes, 0),
    objects: Object.fromEntries(kinds) as Record<string, number>,
  };
}

function choresOf({ catalogue, profiles, mapping, refused, questions }: AssessInput): Chore[] {
  const odd = profiles.flatMap((profile) =>
    profile.columns
      .filter(({ odd = {} }) => Object.values(odd).some((values) => values > 0))
      .map(({ column }) => `${profile.schema}.${profile.table}.${column}`),
  );
  const doubtful = mapping.tables.flatMap((table) =>
    table.columns
      .filter(({ confidence }) => confidence < LOW_CONFIDENCE)
      .map(({ source }) => `${qualified(table.source)}.${source}`),
  );
  const keyless = mapping.tables.filter(({ rowKey }) => rowKey === undefined).map(({ source }) => qualified(source));
  return [
    ...refused.map(({ object }) => choreOf(object, 'refusal')),
    // "type:schema.table.column"
    ...questions.map(({ id }) => choreOf(id.slice(id.indexOf(':') + 1), 'question')),
    ...mapping.cannotSee.map(({ what }) => choreOf(what, 'cannot see')),
    ...odd.map((object) => choreOf(object, 'odd values')),
    ...doubtful.map((object) => choreOf(object, 'doubtful column')),
    ...keyless.map((object) => choreOf(object, 'no key')),
    ...mapping.notMigrated.map((left) => leftChore(left, catalogue)),
    ...(mapping.routines ?? [])
      .filter(({ kind, writes }) => kind !== 'function' || writes.length > 0)
      .map(({ source }) => choreOf(qualified(source), 'proposal')),
  ];
}

function leftChore({ kind, name }: MigrationMapping['notMigrated'][number], catalogue: Catalogue): Chore {
  const object = catalogue.objects.find((candidate) => candidate.kind === kind && qualified(candidate) === name);
  return choreOf(name, choreKindOf(kind), object?.definition);
}

/** The table that an object belongs to: the longest name that it begins with. */
function tableOf(object: string, { tables }: Catalogue): string | undefined {
  let found: string | undefined;
  for (const table of tables) {
    const name = qualified(table);
    const isIts = object === name || object.startsWith(`${name}.`) || object.startsWith(`${name} `);
    if (isIts && name.length > (found?.length ?? -1)) found = name;
  }
  return found;
}

function assessTable(
  table: CatalogueTable,
  { catalogue, profiles, mapping, throughput }: AssessInput,
  chores: readonly Chore[],
): AssessedTable {
  const name = qualified(table);
  const mapped = mapping.tables.find(({ source }) => qualified(source) === name);
  const profile = profiles.find((candidate) => `${candidate.schema}.${candidate.table}` === name);
  const rows = Math.round(mapped?.estimatedRows ?? table.estimatedRows);
  const width = bytesPerRow(table, profile);
  const own = { ...mapping, tables: mapped === undefined ? [] : [mapped], cannotSee: [], renamed: [] };
  const notMigrated = mapping.notMigrated.filter((left) => tableOf(left.name, catalogue) === name);
  const { risk, reasons } = assessRisk({ ...own, notMigrated }, profiles);
  return {
    source: name,
    target: mapped === undefined ? null : qualified(mapped.target),
    rows,
    bytes: Math.max(table.estimatedBytes, Math.round(rows * width)),
    columns: mapped === undefined ? [] : columnsOf(mapped, table),
    keys: {
      primary: mapped?.primaryKey !== undefined,
      unique: mapped?.uniqueKeys.length ?? 0,
      indexes: mapped?.indexes.length ?? 0,
      foreign: mapped?.foreignKeys.length ?? 0,
      checks: mapped?.checks.length ?? 0,
    },
    risk,
    riskReasons: reasons,
    minutes: minutesOf(chores),
    time: tableTime({ engine: catalogue.engine, columns: table.columns.length, rows, bytesPerRow: width }, throughput),
  };
}

function columnsOf(mapped: TableMapping, table: CatalogueTable): AssessedColumn[] {
  const declared = new Map(table.columns.map((column) => [column.name, column.type.declared]));
  return mapped.columns.map(({ source, target, type, confidence, reasons }) => ({
    source,
    declared: declared.get(source) ?? '',
    target,
    type,
    confidence,
    reasons,
  }));
}
