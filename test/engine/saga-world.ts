import pg from 'pg';
import { ApplicationFailure } from '@temporalio/common';
import type { RunTask } from '../../contracts/agents.js';
import { freshDatabase } from '../migration/harness.js';
import type { AgentWork } from './engine-harness.js';

/** One line of what happened to the world: an effect, or its undoing; each at most once for each step. */
export interface Happened {
  readonly what: 'do' | 'undo';
  readonly task: string;
}

/** What a test does to the calls of its agents. A throw before is a step without effect; after, one with an effect. */
export interface Meddling {
  readonly before?: (task: RunTask) => unknown;
  readonly after?: (task: RunTask) => unknown;
}

/** Effects in a real table, keyed by idempotency key, as an agent has to keep them. */
export interface SagaWorld {
  readonly work: (meddling?: Meddling) => AgentWork;
  happened(executionId: string): Promise<Happened[]>;
  /** Steps whose effect stands, by name. */
  standing(executionId: string): Promise<string[]>;
  close(): Promise<void>;
}

const TABLES = `
  CREATE TABLE effect (key text PRIMARY KEY, execution text NOT NULL, task text NOT NULL, stands boolean NOT NULL);
  CREATE TABLE happened (at bigint GENERATED ALWAYS AS IDENTITY, execution text, task text, what text)`;

export async function sagaWorld(serverUrl?: string): Promise<SagaWorld> {
  const database = await freshDatabase(serverUrl);
  const pool = new pg.Pool({ connectionString: database.url, max: 4 });
  // A connection that is being closed may hear of the database's end.
  pool.on('connect', (client) => client.on('error', () => undefined));
  await pool.query(TABLES);
  const rows = async <T>(sql: string, executionId: string): Promise<T[]> =>
    (await pool.query(sql, [executionId])).rows as T[];
  return {
    work: (meddling) => (task) => answer(pool, task, meddling),
    happened: (executionId) => rows('SELECT what, task FROM happened WHERE execution = $1 ORDER BY at', executionId),
    standing: async (executionId) => {
      const sql = 'SELECT task FROM effect WHERE execution = $1 AND stands ORDER BY task';
      return (await rows<{ task: string }>(sql, executionId)).map(({ task }) => task);
    },
    close: async () => {
      await pool.end();
      await database.drop();
    },
  };
}

async function answer(pool: pg.Pool, task: RunTask, { before, after }: Meddling = {}): Promise<unknown> {
  await before?.(task);
  await (task.context.purpose === 'compensate' ? undo(pool, task) : effect(pool, task));
  await after?.(task);
  return { did: task.taskId };
}

/** The same call again has no second effect; work that was undone before it came is refused. */
async function effect(pool: pg.Pool, { executionId, taskId, context }: RunTask): Promise<void> {
  const { rows } = await pool.query<{ stands: boolean }>(
    `WITH made AS (
       INSERT INTO effect VALUES ($1, $2, $3, true) ON CONFLICT DO NOTHING RETURNING stands
     ), told AS (
       INSERT INTO happened (execution, task, what) SELECT $2, $3, 'do' FROM made
     )
     SELECT stands FROM made UNION ALL SELECT stands FROM effect WHERE key = $1`,
    [context.idempotencyKey, executionId, taskId],
  );
  if (rows[0]?.stands !== true) throw ApplicationFailure.nonRetryable('it was undone before', 'Undone');
}

/** Leaves a mark where there is nothing to undo, so that work that comes later is refused. */
async function undo(pool: pg.Pool, { executionId, taskId, context }: RunTask): Promise<void> {
  await pool.query(
    `WITH before AS (SELECT stands FROM effect WHERE key = $1 FOR UPDATE), marked AS (
       INSERT INTO effect VALUES ($1, $2, $3, false) ON CONFLICT (key) DO UPDATE SET stands = false RETURNING key
     )
     INSERT INTO happened (execution, task, what) SELECT $2, $3, 'undo' FROM before, marked WHERE before.stands`,
    [context.undoes, executionId, taskId],
  );
}

/** a → b, c → d → e: dependencies by step. */
export const DIAMOND: Readonly<Record<string, readonly string[]>> = {
  a: [],
  b: ['a'],
  c: ['a'],
  d: ['b', 'c'],
  e: ['d'],
};
export const STEPS = Object.keys(DIAMOND);

/** A step and all before it, and what runs beside it. */
export function begunWith(step: string): string[] {
  const reached = new Set(step === 'b' || step === 'c' ? ['b', 'c'] : [step]);
  for (const each of STEPS.toReversed()) if (reached.has(each)) for (const id of DIAMOND[each] ?? []) reached.add(id);
  return STEPS.filter((id) => reached.has(id));
}

export interface Diamond {
  readonly type: string;
  readonly saga?: string;
  /** More fields of a step, as YAML. */
  readonly more?: Readonly<Record<string, string>>;
}

/** The diamond as a definition; each step is undone by the agent that did it. */
export function diamond({ type, saga, more = {} }: Diamond): string {
  const tasks = STEPS.map(
    (id) =>
      `  - {id: ${id}, agent: worker, depends_on: [${(DIAMOND[id] ?? []).join(', ')}], ` +
      `compensate_with: {action: undo}, retry_policy: {max_attempts: 2, initial_interval_seconds: 0.05}` +
      `${more[id] === undefined ? '' : `, ${more[id]}`}}`,
  );
  return `
name: diamond
orchestration_pattern: hierarchical
agents: {worker: {type: ${type}, count: 2}}
tasks:
${tasks.join('\n')}
${saga === undefined ? '' : `fault_tolerance: {saga_pattern: ${saga}}`}`;
}

/** Each undoing stands after that of all that was built on it. */
export function isInOrder(happened: readonly Happened[]): boolean {
  const undone = happened.filter(({ what }) => what === 'undo').map(({ task }) => task);
  return undone.every((step, at) => (DIAMOND[step] ?? []).every((id) => !undone.slice(0, at).includes(id)));
}

export const isRunOf = (task: RunTask, step: string): boolean => task.taskId === step && task.context.purpose === 'run';

export interface Strategy {
  readonly saga?: string;
  /** Of the steps that had an effect, those that must be undone when `failed` failed. */
  readonly undone: (begun: readonly string[], failed: string) => readonly string[];
}

/** Those that undo something. */
export const STRATEGIES: Readonly<Record<string, Strategy>> = {
  'backward, the default': { undone: (begun) => begun },
  parallel: { saga: '{strategy: parallel}', undone: (begun) => begun },
  selective: {
    saga: '{strategy: selective, steps: [b, d]}',
    undone: (begun) => begun.filter((id) => id === 'b' || id === 'd'),
  },
  cascade: { saga: '{strategy: cascade}', undone: (_, failed) => [failed] },
  'cascade with a root': {
    saga: '{strategy: cascade, steps: [b]}',
    undone: (begun, failed) => begun.filter((id) => id === failed || ['b', 'd', 'e'].includes(id)),
  },
};
