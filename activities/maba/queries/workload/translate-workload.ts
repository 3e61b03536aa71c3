import type { Catalogue } from '../../../../contracts/catalogue.js';
import type { MigrationMapping } from '../../../../contracts/mapping.js';
import type { SkipReason, Workload, WorkloadCounts, WorkloadQuery } from '../../../../contracts/workload.js';
import { draftViews } from '../../mapping/views.js';
import { PlannedRelations } from '../planned-relations.js';
import type { Translated } from './outcome.js';
import { translatePostgres } from './postgres.js';
import { translateSent } from './sent.js';
import { KnownTables } from './tables.js';

export interface WorkloadTarget {
  readonly catalogue: Catalogue;
  readonly migration: MigrationMapping;
}

/**
 * The queries of a workload in the terms of a plan: each read and write with its translation, its tables as the catalogue
 * calls them, and what fixes its order; or the reason why there is none. Those that are skipped already stay so.
 */
export function translateWorkload(workload: Workload, target: WorkloadTarget): Workload {
  const translate = translatorOf(target);
  const queries = whole(
    workload.queries.map((query) =>
      query.class === 'skipped' || query.translated !== null ? query : taken(query, translate(query)),
    ),
  );
  return { ...workload, queries, counts: recounted(workload, queries) };
}

/** For one query; what is found out of the plan is found out once. */
export function translatorOf({ catalogue, migration }: WorkloadTarget): (query: WorkloadQuery) => Translated {
  const tables = new KnownTables(catalogue, migration);
  if (catalogue.engine === 'postgres') return (query) => translatePostgres(query, { tables, migration });
  const relations = relationsOf(catalogue, migration);
  const engine = catalogue.engine === 'sqlite' ? 'sqlite' : 'mysql';
  return (query) => translateSent(query, { tables, relations, engine, identifiers: migration.identifiers });
}

/** Tables and views of the plan; the types of views come from translating them again. */
function relationsOf(catalogue: Catalogue, migration: MigrationMapping): PlannedRelations {
  const { tables, targetSchema, identifiers, views } = migration;
  if (views.length === 0) return new PlannedRelations({ catalogue, tables });
  const names = new Map(views.map(({ source, target }) => [source.name, target.name]));
  return draftViews({ catalogue, tables, targetSchema, identifiers, names }).relations;
}

function taken(query: WorkloadQuery, made: Translated): WorkloadQuery {
  if ('reason' in made) {
    const { reason, detail, tables } = made;
    return {
      ...query,
      class: 'skipped',
      run: '',
      reason,
      ...(detail !== undefined && { detail }),
      ...(tables && { tables }),
    };
  }
  const { sql, tables, order, lists } = made;
  return { ...query, translated: sql, tables, orderBy: order, ...(lists && { lists }) };
}

/** A transaction of which one statement cannot be replayed is none: its others are skipped with it. */
function whole(queries: readonly WorkloadQuery[]): WorkloadQuery[] {
  const lost = new Map<number, WorkloadQuery>();
  for (const query of queries) {
    if (query.transaction !== undefined && query.class === 'skipped' && !lost.has(query.transaction)) {
      lost.set(query.transaction, query);
    }
  }
  return queries.map((query) => {
    const cause = query.transaction === undefined ? undefined : lost.get(query.transaction);
    if (cause === undefined || query.class === 'skipped') return query;
    const reason = cause.reason ?? 'not_translated';
    const detail = 'another statement of its transaction cannot be replayed';
    return { ...query, class: 'skipped', run: '', translated: null, reason, detail };
  });
}

function recounted({ counts, queries: before }: Workload, queries: readonly WorkloadQuery[]): WorkloadCounts {
  const total = (some: readonly WorkloadQuery[], kind: WorkloadQuery['class']): number =>
    some.filter((query) => query.class === kind).reduce((sum, { count }) => sum + count, 0);
  const skipped: Partial<Record<SkipReason, number>> = { ...counts.skipped };
  queries.forEach((query, at) => {
    if (query.class !== 'skipped' || before[at]?.class === 'skipped' || query.reason === undefined) return;
    skipped[query.reason] = (skipped[query.reason] ?? 0) + query.count;
  });
  const kept = queries.filter((query) => query.class !== 'skipped');
  return {
    ...counts,
    read: total(queries, 'read'),
    write: total(queries, 'write'),
    skipped,
    distinct: kept.length,
    synthetic: kept.filter(({ synthetic }) => synthetic).length,
  };
}
