import type { InPlan } from '../../contracts/activities.js';
import { qualified } from '../../contracts/catalogue.js';
import type { TableMapping } from '../../contracts/mapping.js';
import { BY_MAPPING_FILE } from '../../contracts/rules.js';
import type { CopiedTableFact } from '../../platform/store/store.js';
import { bytesPerRow } from '../maba/mapping/experience.js';
import { mappingSignature, throughputShape } from '../maba/mapping/signatures.js';
import type { Deps } from '../deps.js';
import { planOf, recordOf } from '../ends.js';

/**
 * What the migration taught (PH-25, 26): throughput by shape of table, mappings that held (no value of the column was
 * changed), errors met, rules that caught something or cried wolf (EX-17). Idempotent: a fact is keyed by migration, kind and signature.
 */
export async function learn(
  deps: Deps,
  { migrationId, planId, catalogueId }: InPlan & { catalogueId: string },
): Promise<{ shapes: number; mappings: number; errors: number }> {
  const origins = await originsOf(deps, catalogueId);
  const widths = await widthsOf(deps, catalogueId);
  const { migration } = (await planOf(deps, planId)).document;
  const { sourceEngine } = await recordOf(deps, migrationId);
  const copied = new Map((await deps.store.migrations.copied(migrationId)).map((fact) => [fact.table, fact]));
  const reports = new Map((await deps.store.migrations.tables(migrationId)).map((report) => [report.source, report]));
  // How fast a source can be read is not to be learned from one that was spared.
  const isSpared = (await deps.store.throttles.get(migrationId))?.spared === true;
  const shapes = new Map<string, Record<string, number>>();
  const mappings = new Map<string, Record<string, number>>();
  const errors = new Map<string, Record<string, number>>();
  for (const table of migration.tables) {
    const name = qualified(table.source);
    addThroughput(
      shapes,
      throughputShape(sourceEngine, table.columns.length, widths.get(name) ?? 1),
      isSpared ? undefined : copied.get(name),
    );
    if (table.rows !== 'none') addMappings(mappings, sourceEngine, table, origins);
    const quarantined = reports.get(name)?.quarantinedRows ?? 0;
    if (quarantined > 0) add(errors, 'rows_quarantined', { count: quarantined });
  }
  await store(deps, migrationId, 'throughput', shapes);
  await store(deps, migrationId, 'mapping', mappings);
  await store(deps, migrationId, 'error', errors);
  await store(deps, migrationId, 'rule', await ruleFacts(deps, migrationId));
  const data = { shapes: shapes.size, mappings: mappings.size, errors: errors.size };
  deps.bus.publish({ type: 'learning.recorded', migrationId, at: new Date().toISOString(), data });
  return data;
}

/**
 * Rules that caught something: accepted by somebody, and broken by rows. And false alarms: dropped by somebody. A rule that
 * was neither taught nothing; several of one signature are one.
 */
async function ruleFacts(deps: Deps, migrationId: string): Promise<Map<string, Record<string, number>>> {
  const facts = new Map<string, Record<string, number>>();
  for (const { rule, signature, checked } of await deps.store.rules.list(migrationId)) {
    const caught = checked !== undefined && checked.sourceBroken + checked.targetBroken > 0;
    if (rule.state === 'accepted' && caught) facts.set(signature, { catches: 1 });
    // A file repeats in every migration what was decided once.
    else if (rule.state === 'dropped' && rule.by !== BY_MAPPING_FILE && !facts.has(signature))
      facts.set(signature, { falseAlarms: 1 });
  }
  return facts;
}

/** Bytes per row as planning reckons them, so that the next plan finds the same shape. */
async function widthsOf(deps: Deps, catalogueId: string): Promise<ReadonlyMap<string, number>> {
  const profiles = new Map(
    (await deps.store.discovery.profiles(catalogueId)).map(({ profile }) => [
      `${profile.schema}.${profile.table}`,
      profile,
    ]),
  );
  const { tables } = await deps.store.discovery.catalogue(catalogueId);
  return new Map(tables.map((table) => [qualified(table), bytesPerRow(table, profiles.get(qualified(table)))]));
}

function addThroughput(
  shapes: Map<string, Record<string, number>>,
  shape: string,
  fact: CopiedTableFact | undefined,
): void {
  if (fact === undefined || fact.rows === 0 || fact.milliseconds === 0) return;
  add(shapes, shape, { rows: fact.rows, bytes: fact.bytes, seconds: fact.milliseconds / 1000 });
}

/** Declared type and meaning of a source column, by "schema.table.column". */
type Origins = ReadonlyMap<string, { readonly declared: string; readonly meaning: string }>;

async function originsOf(deps: Deps, catalogueId: string): Promise<Origins> {
  const catalogue = await deps.store.discovery.catalogue(catalogueId);
  const meanings = new Map<string, string>();
  for (const { profile, meanings: found } of await deps.store.discovery.profiles(catalogueId)) {
    for (const { column, meaning } of found) meanings.set(`${profile.schema}.${profile.table}.${column}`, meaning);
  }
  return new Map(
    catalogue.tables.flatMap((table) =>
      table.columns.map((column) => {
        const name = `${qualified(table)}.${column.name}`;
        return [name, { declared: column.type.declared, meaning: meanings.get(name) ?? 'unknown' }] as const;
      }),
    ),
  );
}

/** A mapping held when the column kept its NOT NULL: nothing had to be stored as NULL. */
function addMappings(
  mappings: Map<string, Record<string, number>>,
  engine: string,
  table: TableMapping,
  origins: Origins,
): void {
  for (const column of table.columns) {
    const origin = origins.get(`${qualified(table.source)}.${column.source}`);
    if (origin === undefined) continue;
    const signature = mappingSignature(engine, { ...origin, target: column.kind === 'enum' ? 'enum' : column.type });
    add(mappings, signature, column.nullable && !column.sourceNullable ? { lost: 1 } : { held: 1 });
  }
}

function add(facts: Map<string, Record<string, number>>, signature: string, numbers: Record<string, number>): void {
  const sum = facts.get(signature) ?? {};
  for (const [name, value] of Object.entries(numbers)) sum[name] = (sum[name] ?? 0) + value;
  facts.set(signature, sum);
}

async function store(
  deps: Deps,
  migrationId: string,
  kind: 'throughput' | 'mapping' | 'error' | 'rule',
  facts: ReadonlyMap<string, Record<string, number>>,
): Promise<void> {
  for (const [signature, numbers] of facts) await deps.store.learning.add({ migrationId, kind, signature, numbers });
}
