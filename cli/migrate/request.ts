import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { basename, extname, resolve } from 'node:path';
import type { PlanDocument } from '../../contracts/definition.schema.js';
import type { Endpoint } from '../../contracts/endpoint.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { SERVER_QUERIES } from '../../contracts/migration.schema.js';
import type { MigrationStart, SourceLimits } from '../../contracts/migration.schema.js';
import { planHash } from '../../platform/hash.js';
import { displayEndpoint, looksLikeUrl, parseEndpointUrl } from '../../platform/secrets/endpoint-url.js';

/** Options of `migrate` and `plan`, as the command line gives them. */
export interface MigrateOptions {
  readonly source: string;
  readonly target?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
  /** File of a plan that is given back. */
  readonly plan?: string;
  /** A mapping file: what a person decides before the plan is made. */
  readonly mapping?: string;
  /** Files of recorded queries, or `server`. */
  readonly queries?: readonly string[];
  /** A throw-away replica of the source, for recorded writes. */
  readonly replaySource?: string;
  readonly dryRun?: boolean;
  /** The dry run of `caravan assess`. */
  readonly assess?: boolean;
  /** Where a dry run writes its plan; default standard output. */
  readonly out?: string;
  readonly targetSchema?: string;
  readonly onExisting?: 'fail' | 'replace';
  readonly onSourceMoved?: 'ask' | 'fail' | 'refresh' | 'accept';
  readonly identifiers?: 'lower' | 'preserve' | 'snake';
  /** `verify`: the run of `caravan verify`. */
  readonly mode?: 'schema-and-data' | 'schema-only' | 'data-only' | 'verify';
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly workflowId?: string;
  readonly deadlineSeconds?: number;
  readonly maxSourceConnections?: number;
  readonly maxRowsPerSecond?: number;
  readonly maxBytesPerSecond?: number;
}

/** One end of a migration: a connection that is there already, or an endpoint that gets one for this migration. */
export type End =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'url'; readonly name: string; readonly endpoint: Endpoint };

export interface GivenPlan {
  readonly yaml: string;
  readonly document: PlanDocument;
  readonly planHash: string;
}

/** What was asked for, checked as far as it can be without any server. */
export interface MigrateRequest {
  readonly migrationId: string;
  /** The id was chosen by the caller: a migration that runs under it is attached to. */
  readonly isNamed: boolean;
  readonly source: End;
  readonly target: End | undefined;
  readonly plan: GivenPlan | undefined;
  /** Text of the mapping file, which is known to be valid. */
  readonly mapping: string | undefined;
  /** Absolute paths of files of recorded queries, which are there; `server`: the source's own statistics. */
  readonly queries: readonly string[] | typeof SERVER_QUERIES;
  readonly replaySource: End | undefined;
  readonly start: Omit<MigrationStart, 'source' | 'target' | 'plan' | 'mapping' | 'queries' | 'replaySource'>;
}

export async function readRequest(options: MigrateOptions, cwd: string, now = new Date()): Promise<MigrateRequest> {
  const { workflowId, dryRun = false } = options;
  const source = readEnd(options.source, cwd);
  const target = options.target === undefined ? undefined : readEnd(options.target, cwd);
  checkTarget(target);
  if (target === undefined && !dryRun) {
    throw usage('--target', options.mode === 'verify' ? 'it is missing' : 'it is missing; only a dry run needs none');
  }
  const migrationId = workflowId === undefined ? makeId(verbOf(options), source, now) : checkId(workflowId);
  if (options.plan !== undefined && options.mapping !== undefined)
    throw usage('--mapping', '--plan is given too, which says everything already');
  const plan = options.plan === undefined ? undefined : await readPlanFile(resolve(cwd, options.plan));
  const mapping = options.mapping === undefined ? undefined : await readMappingFile(resolve(cwd, options.mapping));
  return {
    migrationId,
    isNamed: workflowId !== undefined,
    source: nameEnd(source, `${migrationId}-source`),
    target: target && nameEnd(target, `${migrationId}-target`),
    plan,
    mapping,
    queries: queryFiles(options, cwd),
    replaySource:
      options.replaySource === undefined
        ? undefined
        : nameEnd(readEnd(options.replaySource, cwd), `${migrationId}-replay-source`),
    start: startOf({ ...options, targetSchema: targetSchemaOf(options, plan) }),
  };
}

/** They are read once the source's engine is known: a file of statements does not say whose they are. */
function queryFiles({ queries = [], mode, dryRun = false }: MigrateOptions, cwd: string): MigrateRequest['queries'] {
  if (queries.length > 0 && (mode === 'schema-only' || dryRun)) {
    throw usage('--queries', 'they are replayed where rows were moved and proven');
  }
  if (queries.includes(SERVER_QUERIES)) {
    if (queries.length === 1) return SERVER_QUERIES;
    throw usage('--queries', `"${SERVER_QUERIES}" stands for the server's own statistics, and stands alone`);
  }
  return queries.map((file) => {
    const path = resolve(cwd, file);
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) return path;
    throw new CaravanFailure('USAGE', { attempted: 'read', on: path, seen: 'it is no file', next: 'Check the path.' });
  });
}

/** A plan names its target schema; another one on the command line is a mistake, not a wish. */
function targetSchemaOf({ targetSchema }: MigrateOptions, plan: GivenPlan | undefined): string | undefined {
  const planned = plan?.document.migration.targetSchema;
  if (planned === undefined || targetSchema === undefined || targetSchema === planned) return targetSchema ?? planned;
  throw new CaravanFailure('INPUT_INVALID', {
    attempted: 'use the target schema',
    on: targetSchema,
    seen: `the plan is for "${planned}"`,
    next: 'Leave --target-schema out, or make a plan for it.',
  });
}

function startOf(options: MigrateOptions): MigrateRequest['start'] {
  const { targetSchema, onExisting, onSourceMoved, identifiers, include, exclude, mode, dryRun, assess, yes } = options;
  const given = {
    targetSchema,
    onExisting,
    onSourceMoved,
    identifiers,
    include: include && [...include],
    exclude: exclude && [...exclude],
    mode,
    dryRun,
    assess,
    yes,
    deadlineSeconds: options.deadlineSeconds,
    limits: limitsOf(options),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function limitsOf(options: MigrateOptions): SourceLimits | undefined {
  const { maxSourceConnections, maxRowsPerSecond, maxBytesPerSecond } = options;
  const limits = {
    ...(maxSourceConnections !== undefined && { connections: maxSourceConnections }),
    ...(maxRowsPerSecond !== undefined && { rowsPerSecond: maxRowsPerSecond }),
    ...(maxBytesPerSecond !== undefined && { bytesPerSecond: maxBytesPerSecond }),
  };
  return Object.keys(limits).length === 0 ? undefined : limits;
}

type Given = { readonly name: string } | { readonly endpoint: Endpoint };

function readEnd(text: string, cwd: string): Given {
  if (text === '') throw usage('--source or --target', 'it is empty');
  return looksLikeUrl(text) ? { endpoint: parseEndpointUrl(text, cwd) } : { name: text };
}

function nameEnd(given: Given, name: string): End {
  return 'name' in given ? { kind: 'name', name: given.name } : { kind: 'url', name, endpoint: given.endpoint };
}

function checkTarget(target: Given | undefined): void {
  if (target !== undefined && 'endpoint' in target && target.endpoint.engine !== 'postgres') {
    throw wrongEngine(target.endpoint, 'a target is postgres');
  }
}

function wrongEngine(endpoint: Endpoint, seen: string): CaravanFailure {
  return new CaravanFailure('INPUT_INVALID', {
    attempted: 'use',
    on: displayEndpoint(endpoint),
    seen,
    next: 'Name another database.',
  });
}

/** How an end is shown where secrets must not be. */
export function displayEnd(end: End | undefined): string {
  if (end === undefined) return '(none)';
  return end.kind === 'name' ? end.name : displayEndpoint(end.endpoint);
}

function verbOf({ dryRun = false, assess = false, mode }: MigrateOptions): string {
  if (mode === 'verify') return 'verify';
  return assess ? 'assess' : dryRun ? 'plan' : 'migrate';
}

function makeId(verb: string, source: Given, now: Date): string {
  const name = 'name' in source ? source.name : databaseName(source.endpoint);
  const moment = now.toISOString().replace(/[-:]/gu, '').replace('T', '-').slice(0, 15);
  return `${verb}-${name.replace(/[^A-Za-z0-9_.-]+/gu, '-').slice(0, 60)}-${moment}-${randomBytes(2).toString('hex')}`;
}

function databaseName(endpoint: Endpoint): string {
  return 'path' in endpoint ? basename(endpoint.path, extname(endpoint.path)) : endpoint.database;
}

/** The id becomes part of workflow ids, connection names and file names. */
export function checkId(id: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._:@+-]{0,199}$/u.test(id)) return id;
  throw new CaravanFailure('INPUT_INVALID', {
    attempted: 'use the workflow id',
    on: id.slice(0, 200),
    seen: 'it is not 1 to 200 letters, digits and . _ : @ + - that begin with a letter or digit',
    next: 'Choose another id.',
  });
}

function textOf(path: string, code: 'PLAN_INVALID' | 'MAPPING_INVALID'): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const seen = `the file cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`;
    throw new CaravanFailure(code, { attempted: 'read', on: path, seen, next: 'Check the path.' });
  }
}

async function readMappingFile(path: string): Promise<string> {
  const yaml = textOf(path, 'MAPPING_INVALID');
  const { parseMapping } = await import('../../language/mapping-file.js');
  parseMapping(yaml, path);
  return yaml;
}

async function readPlanFile(path: string): Promise<GivenPlan> {
  const yaml = textOf(path, 'PLAN_INVALID');
  const { parsePlan } = await import('../../language/plan.js');
  const document = parsePlan(yaml, path);
  return { yaml, document, planHash: planHash(document) };
}

function usage(on: string, seen: string): CaravanFailure {
  return new CaravanFailure('USAGE', { attempted: 'use', on, seen });
}
