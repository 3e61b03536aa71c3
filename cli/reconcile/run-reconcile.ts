import type { Finding } from '../../contracts/migration.js';
import type { Progress } from '../../contracts/migration.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { OddPolicy } from '../../contracts/mapping.js';
import { QUERIES } from '../../contracts/messages.js';
import type { Evidence } from '../../platform/certificate/body.js';
import type { CliContext } from '../cli-context.js';
import { deliver } from '../decide.js';
import { patient } from '../patience.js';
import { isRunning, requireRunning } from '../running.js';
import { withSession } from '../session.js';
import type { Session } from '../session.js';
import { safeJson } from '../text-table.js';
import { withKept } from '../values/kept.js';
import type { OpenedEntry } from '../values/opened.js';
import { findingLines } from './lines.js';
import { filterOf, findingsOf, placeOf } from './located.js';
import type { Located } from './located.js';
import { offersOf } from './offers.js';
import type { Stage } from './offers.js';

export interface ReconcileOptions {
  readonly accept?: boolean;
  readonly copyAgain?: boolean;
  readonly fix?: string;
  readonly reason?: string;
  readonly by?: string;
  readonly reveal?: boolean;
  readonly json?: boolean;
}

/** Rows that are listed of a finding, with --reveal. */
const ROWS = 20;

/** `caravan reconcile`: each finding located, explained, and what can be done about it; or does it for one. */
export async function runReconcile(
  context: CliContext,
  { migrationId, findingId }: { readonly migrationId: string; readonly findingId: string | undefined },
  options: ReconcileOptions,
): Promise<number> {
  const isDeed = options.accept === true || options.copyAgain === true || options.fix !== undefined;
  if (isDeed !== (findingId !== undefined) || (options.accept === true && options.reason === undefined)) throw usage();
  const loud = { loud: options.json !== true };
  return withSession(
    context,
    (session) =>
      findingId === undefined
        ? listAll(context, session, migrationId, options)
        : carryOut(context, session, { migrationId, findingId }, options),
    loud,
  );
}

async function listAll(
  context: CliContext,
  session: Session,
  migrationId: string,
  { reveal = false, json = false }: ReconcileOptions,
): Promise<number> {
  const { findings, stage } = await findingsNow(session, migrationId);
  const plan = await patient(() => session.store.plans.latest(migrationId));
  const located: Located[] = [];
  await withKept(context, session, {
    migrationId,
    work: async (kept) => {
      for (const finding of findings) {
        const place = placeOf(finding.object, plan?.document.migration.tables ?? []);
        const rows: OpenedEntry[] = [];
        const { kind, filter } = filterOf(finding, place);
        if (reveal && place.table !== undefined)
          for await (const entry of kept.entries(kind, { filter, limit: ROWS, values: true })) rows.push(entry);
        located.push({ finding, ...place, rows });
      }
    },
  });
  const told = located.map((each) => ({ ...each, offers: offersOf(each, { migrationId, stage, reveal }) }));
  if (json) {
    const listed = told.map(({ finding, table, column, rows, offers }) => ({
      ...finding,
      table: table && `${table.target.schema}.${table.target.name}`,
      column: column?.target,
      offers,
      ...(reveal && { rows }),
    }));
    context.print(safeJson({ migrationId, stage, findings: listed }));
  } else for (const line of findingLines(told, { stage, reveal })) context.print(line);
  return 0;
}

/** Of a running one from itself; of one that ended from its evidence, or its report. */
async function findingsNow(
  session: Session,
  migrationId: string,
): Promise<{ findings: readonly Finding[]; stage: Stage }> {
  const { migrations } = session.store;
  if (await isRunning(session, migrationId)) {
    const handle = await requireRunning(session, migrationId);
    const [findings, { status }] = await Promise.all([
      patient(() => handle.query<readonly Finding[]>(QUERIES.findings)),
      patient(() => handle.query<Progress>(QUERIES.progress)),
    ]);
    return { findings, stage: status === 'waiting' ? 'waits' : 'runs' };
  }
  const [record, report, evidence] = await patient(() =>
    Promise.all([migrations.get(migrationId), migrations.report(migrationId), migrations.evidence(migrationId)]),
  );
  if (report === undefined) {
    const seen = 'there is no report of it';
    throw new CaravanFailure('MIGRATION_UNKNOWN', { attempted: 'read the findings of', on: migrationId, seen });
  }
  const findings = (evidence as Evidence | undefined)?.findings ?? findingsOf(report);
  return { findings, stage: record?.input.mode === 'verify' ? 'verified' : 'ended' };
}

async function carryOut(
  context: CliContext,
  session: Session,
  { migrationId, findingId }: { readonly migrationId: string; readonly findingId: string },
  { accept = false, fix, reason, by = context.config.user }: ReconcileOptions,
): Promise<number> {
  const handle = await requireRunning(session, migrationId);
  if (accept) {
    await deliver(handle, by, { kind: 'accept', findingId, reason: reason ?? '' });
    context.print(`accepted ${findingId} of ${migrationId}, by ${by}`);
    return 0;
  }
  const policy = fix === undefined ? undefined : policyOf(fix);
  await deliver(handle, by, { kind: 'reconcile', findingId, ...(policy && { policy }), ...(reason && { reason }) });
  context.tell('it is copied again, and everything is proven again');
  await untilSettled(session, migrationId);
  const { findings } = await findingsNow(session, migrationId);
  const open = findings.filter(({ disposition }) => disposition === 'open');
  const left = open.find(({ id }) => id === findingId);
  context.print(left === undefined ? `${findingId} is gone` : `${findingId} remains: ${left.detail}`);
  for (const { id, detail } of open) if (id !== findingId) context.print(`open: ${id}: ${detail}`);
  return left === undefined ? 0 : REMAINS;
}

const REMAINS = 3;
const LOOK_MS = 500;

/** Until it waits for people again, or has ended. */
async function untilSettled(session: Session, migrationId: string): Promise<void> {
  for (;;) {
    if (!(await isRunning(session, migrationId))) return;
    const handle = session.client.workflow.getHandle(migrationId);
    const { status } = await patient(() => handle.query<Progress>(QUERIES.progress));
    if (status !== 'running' && status !== 'paused') return;
    await new Promise((wake) => setTimeout(wake, LOOK_MS));
  }
}

/** "null", "quarantine", "remove", "decode" or "use:VALUE". */
function policyOf(text: string): OddPolicy {
  if (text.startsWith('use:')) return { do: 'use', value: text.slice('use:'.length) };
  switch (text) {
    case 'null':
    case 'quarantine':
    case 'remove':
      return { do: text };
    case 'decode':
      return { do: 'decode', from: 'cp1252' };
    default:
      throw new CaravanFailure('USAGE', {
        attempted: 'read the fix',
        on: text,
        seen: 'it is none of null, quarantine, remove, decode and use:VALUE',
      });
  }
}

function usage(): CaravanFailure {
  return new CaravanFailure('USAGE', {
    attempted: 'reconcile',
    on: 'a finding',
    seen: 'a finding and one of --accept, --copy-again and --fix belong together',
    next: 'To accept needs a --reason. Without a finding all are listed.',
  });
}
