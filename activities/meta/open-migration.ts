import type { z } from 'zod';
import type { MetaActivities, OpenedMigration } from '../../contracts/activities.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { migrationInput } from '../../contracts/migration.schema.js';
import type { MigrationInput, MigrationStart } from '../../contracts/migration.schema.js';
import type { Endpoint } from '../../contracts/endpoint.js';
import type { ReadMapping } from '../../language/mapping-file.js';
import { migrationHash } from '../../platform/hash.js';
import type { Deps } from '../deps.js';
import { mappingFileOf, withEnd } from '../ends.js';
import { withServerQueries } from './server-queries.js';

type Input = Parameters<MetaActivities['openMigration']>[0];

/** Everything that can be wrong with what a person gave is found here, before anything is touched. */
export async function openMigration(deps: Deps, input: Input): Promise<OpenedMigration> {
  const given = checkInput(input.start, input.migrationId);
  const { migrationId, firstRunId, namespace } = input;
  const hash = migrationHash(migrationId, firstRunId);
  const source = await deps.store.connections.get(given.source);
  checkMode(given);
  checkQueries(given, source);
  if (given.replaySource !== undefined) {
    const replica = await deps.openReplica(source, await deps.store.connections.get(given.replaySource));
    await replica?.close();
  }
  const asked = await withServerQueries(deps, given, { source, workloadId: `server ${migrationId} ${firstRunId}` });
  const checked = await withMapping(deps, asked, { start: input.start, source });
  const [reachedSource, reachedTarget] = await Promise.allSettled([
    withEnd(deps.openSource(source), () => Promise.resolve()),
    checked.target === undefined ? null : reachTarget(deps, checked, { ...input, hash, source }),
  ]);
  // What is wrong with the source is told first, whichever answered first.
  if (reachedSource.status === 'rejected') throw asRefusal(reachedSource.reason);
  if (reachedTarget.status === 'rejected') throw asRefusal(reachedTarget.reason);
  const targetVersion = reachedTarget.value;
  await deps.store.migrations.open({
    migrationId,
    runId: input.workflowRunId,
    firstRunId,
    namespace,
    hash,
    input: checked,
    sourceEngine: source.engine,
    targetVersion,
    startedAt: new Date().toISOString(),
  });
  await deps.store.throttles.open(migrationId, checked.limits ?? {});
  deps.bus.publish({
    type: 'migration.started',
    migrationId,
    at: new Date().toISOString(),
    data: { dryRun: checked.dryRun },
  });
  return { input: checked, hash, sourceEngine: source.engine, targetVersion };
}

/** Reads the mapping file, so that what is wrong with it is told first; its target schema is the migration's. */
async function withMapping(
  deps: Deps,
  given: MigrationInput,
  { start, source }: { start: MigrationStart; source: Endpoint },
): Promise<MigrationInput> {
  const read = await mappingFileOf(deps, given);
  if (read === undefined) return given;
  if (given.plan !== undefined) {
    throw new CaravanFailure('INPUT_INVALID', {
      attempted: 'use the mapping file with',
      on: given.plan,
      seen: 'a plan is given too, which says everything already',
      next: 'Give the one or the other.',
    });
  }
  const targetSchema = targetSchemaOf(read, 'database' in source ? source.database : 'main');
  if (targetSchema === undefined) return given;
  if (start.targetSchema === undefined || start.targetSchema === targetSchema) return { ...given, targetSchema };
  throw new CaravanFailure('INPUT_INVALID', {
    attempted: 'use the target schema',
    on: start.targetSchema,
    seen: `the mapping file says "${targetSchema}"`,
    next: 'Leave one of them out.',
  });
}

function targetSchemaOf({ file, refuse }: ReadMapping, schema: string): string | undefined {
  const schemas = file.rename?.schemas ?? {};
  const strangers = Object.keys(schemas).filter((key) => key !== schema);
  const message = `the source has no schema of this name`;
  refuse(strangers.map((key) => ({ path: ['rename', 'schemas'], key, message, hint: `it has "${schema}"` })));
  return schemas[schema];
}

function checkInput(start: MigrationStart, migrationId: string): MigrationInput {
  const parsed = migrationInput.safeParse(start);
  if (!parsed.success) throw inputFailure(parsed.error, migrationId);
  if (parsed.data.target === undefined && !parsed.data.dryRun) {
    throw new CaravanFailure('INPUT_INVALID', {
      attempted: 'start migration',
      on: migrationId,
      seen: 'field "target" is missing; only a dry run needs none',
    });
  }
  if (parsed.data.mode === 'verify' && (parsed.data.dryRun || parsed.data.plan !== undefined)) {
    throw new CaravanFailure('INPUT_INVALID', {
      attempted: 'start migration',
      on: migrationId,
      seen: 'with the mode "verify" nothing is planned: "dryRun" and "plan" are for migrations',
    });
  }
  if (parsed.data.assess === true && !parsed.data.dryRun) {
    throw new CaravanFailure('INPUT_INVALID', {
      attempted: 'start migration',
      on: migrationId,
      seen: 'field "assess" is for a dry run only',
    });
  }
  return parsed.data;
}

function inputFailure(error: z.ZodError, migrationId: string): CaravanFailure {
  const [issue] = error.issues;
  const field = issue === undefined || issue.path.length === 0 ? 'the input' : `field "${issue.path.join('.')}"`;
  // zod's own message for an unknown key or a wrong type names fields and types, never values.
  const seen =
    issue?.code === 'unrecognized_keys' ? `unknown field ${issue.keys.join(', ')}` : `${field} has the wrong form`;
  return new CaravanFailure('INPUT_INVALID', { attempted: 'start migration', on: migrationId, seen });
}

/** Nothing has begun yet that would wait until a server has a connection to give. */
function asRefusal(error: unknown): unknown {
  if (!(error instanceof CaravanFailure) || (error.code !== 'SOURCE_BUSY' && error.code !== 'TARGET_BUSY'))
    return error;
  return new CaravanFailure('CONNECTION_REFUSED', {
    attempted: 'reach',
    on: 'the database',
    seen: `${error.code}: it has no connection left to give`,
    next: 'End other sessions, or raise its limits, and start again.',
  });
}

/** Rows go into tables of a target that is known. */
function checkMode({ mode, source, target, assess }: MigrationInput): void {
  if (mode !== 'data-only') return;
  const seen =
    assess === true
      ? 'an assessment knows no mode "data-only"'
      : target === undefined
        ? 'mode "data-only" plans for the tables of a target, and field "target" is missing'
        : undefined;
  if (seen !== undefined)
    throw new CaravanFailure('INPUT_INVALID', { attempted: 'start migration from', on: source, seen });
}

/** Files are asked nothing, and without rows there is nothing to ask. */
function checkQueries({ queries, replaySource, mode, source, dryRun }: MigrationInput, { engine }: Endpoint): void {
  if (queries === undefined && replaySource === undefined) return;
  const seen =
    engine === 'csv'
      ? 'queries are replayed on a database, and these are files'
      : mode === 'schema-only' || dryRun
        ? 'it is done where rows were moved and proven'
        : queries === undefined && mode === 'verify'
          ? 'without queries nothing is tried on a replica: a proof of what stands only reads its target'
          : undefined;
  const attempted = queries === undefined ? 'try changes on a replica of' : 'replay queries of';
  if (seen !== undefined) throw new CaravanFailure('INPUT_INVALID', { attempted, on: source, seen });
}

function isSame(source: Endpoint, target: Endpoint): boolean {
  if (source.engine !== 'postgres' || target.engine !== 'postgres') return false;
  const place = ({ host, port, database }: typeof source): string =>
    `${host.toLowerCase()}:${String(port)}/${database}`;
  return place(source) === place(target);
}

function noSchema(targetSchema: string): CaravanFailure {
  return new CaravanFailure('INPUT_INVALID', {
    attempted: 'compare with the schema',
    on: targetSchema,
    seen: 'the target has none of this name',
    next: 'Name the schema that holds the tables with --target-schema.',
  });
}

async function reachTarget(
  deps: Deps,
  { target = '', targetSchema, mode }: MigrationInput,
  input: Input & { hash: string; source: Endpoint },
): Promise<number> {
  const endpoint = await deps.store.connections.get(target);
  if (endpoint.engine !== 'postgres') {
    throw new CaravanFailure('INPUT_INVALID', {
      attempted: 'use as a target',
      on: target,
      seen: `it is ${endpoint.engine}`,
      next: 'Name a PostgreSQL database as the target.',
    });
  }
  if (isSame(input.source, endpoint)) {
    throw new CaravanFailure('INPUT_INVALID', {
      attempted: 'use as a target',
      on: target,
      seen: 'it is the source itself',
      next: 'Name another database as the target.',
    });
  }
  if (mode === 'verify') {
    return withEnd(deps.openExisting(endpoint), async (existing) => {
      if (!(await existing.hasSchema(targetSchema))) throw noSchema(targetSchema);
      return existing.version;
    });
  }
  const names = {
    hash: input.hash,
    namespace: input.namespace,
    workflowId: input.migrationId,
    runId: input.firstRunId,
  };
  return withEnd(deps.openTarget(endpoint, names), async (end) => {
    const { version } = await end.preflight({ targetSchema, objects: 0, standing: mode === 'data-only' });
    return version;
  });
}
