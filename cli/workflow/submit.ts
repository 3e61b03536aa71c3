import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { WorkflowDefinition } from '../../contracts/definition.js';
import { eventId } from '../../contracts/executions.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { inputOf } from '../../language/inputs.js';
import { prepare } from '../../language/prepared.js';
import { reportOfError } from '../failure-of.js';
import { patient } from '../patience.js';
import type { Session } from '../session.js';
import { startWorkflow } from './executions.js';

/** What is to be run, checked as far as it can be without a server. */
export interface RunRequest {
  /** Stored as a new definition, or as a new version of `workflowId`. */
  readonly definition: WorkflowDefinition | undefined;
  /** A definition that is there already; its latest version runs where no other is given. */
  readonly workflowId: string | undefined;
  readonly input: unknown;
  /** Seconds; default: the definition's. */
  readonly timeout: number | undefined;
}

export interface Submitted {
  readonly executionId: string;
  readonly workflowId: string;
}

/** Stores the definition and starts an execution of it. */
export async function submit(session: Session, request: RunRequest): Promise<Submitted> {
  const { store } = session;
  const { workflowId, definition } = await storedDefinition(session, request);
  const input = inputOf(definition, request.input);
  const options = request.timeout === undefined ? {} : { timeout: request.timeout };
  const executionId = randomUUID();
  const created = await patient(() => store.engine.executions.create({ executionId, workflowId, input, options }));
  if (!created.started) throw runsAlready(workflowId, created.executionId);
  try {
    await startWorkflow(session, { executionId, name: definition.name });
  } catch (error) {
    await closeUnstarted(session, executionId, error);
    throw error;
  }
  return { executionId, workflowId };
}

async function storedDefinition(
  { store }: Session,
  { definition, workflowId, input }: RunRequest,
): Promise<{ workflowId: string; definition: WorkflowDefinition }> {
  const { definitions } = store.engine;
  if (definition !== undefined) {
    // A wrong input leaves nothing behind.
    inputOf(definition, input);
    const prepared = prepare(definition);
    if (workflowId === undefined) {
      return { workflowId: await patient(() => definitions.create(prepared)), definition };
    }
    if (await patient(() => definitions.revise(workflowId, prepared))) return { workflowId, definition };
  }
  const stored = workflowId === undefined ? undefined : await patient(() => definitions.get(workflowId));
  if (stored !== undefined) return stored;
  throw new CaravanFailure('EXECUTION_UNKNOWN', {
    attempted: 'find the definition',
    on: workflowId ?? '(none)',
    seen: 'there is none with this id',
  });
}

function runsAlready(workflowId: string, executionId: string): CaravanFailure {
  return new CaravanFailure('NOT_NOW', {
    attempted: 'start an execution of',
    on: workflowId,
    seen: `execution "${executionId}" of it runs already`,
    next: `Wait for it ("caravan workflow watch ${executionId}"), or cancel it.`,
  });
}

/** It never ran: it must not keep a place among those that wait for their turn. */
async function closeUnstarted({ store }: Session, executionId: string, error: unknown): Promise<void> {
  const report = reportOfError(error);
  const kind = 'workflow.execution_finished';
  const finished = {
    executionId,
    kind,
    id: eventId(kind, { ordinal: 0 }),
    at: new Date().toISOString(),
    data: { status: 'failed', code: report.code },
  } as const;
  await store.engine.executions
    .close({ executionId, output: {}, error: report, events: [finished] })
    .catch(() => undefined);
}

/** The input as it is given on the command line: JSON, or "@" and a file of it. */
export function readInput(text: string | undefined, cwd: string): unknown {
  if (text === undefined) return undefined;
  const isFile = text.startsWith('@');
  let json = text;
  try {
    if (isFile) json = readFileSync(resolve(cwd, text.slice(1)), 'utf8');
    return JSON.parse(json) as unknown;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // Not the parser's own words: they repeat what may be a secret.
    const seen = code === undefined ? 'it is no JSON' : `the file cannot be read (${code})`;
    throw new CaravanFailure('INPUT_INVALID', {
      attempted: 'read the input',
      on: isFile ? text : '--input',
      seen,
      next: 'Give JSON, or "@" and the path of a file with JSON.',
    });
  }
}
