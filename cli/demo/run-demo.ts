import { randomBytes } from 'node:crypto';
import type { MigrationReport, TableReport } from '../../contracts/migration.js';
import { isProvenEqual } from '../../platform/certificate/statements.js';
import type { WorkerSpec } from '../../platform/local-stack/worker-parts.js';
import { makeScratchDatabase } from '../../platform/store/scratch-database.js';
import type { CopiedTableFact } from '../../platform/store/store.js';
import type { CliContext } from '../cli-context.js';
import { reportLine } from '../migrate/outcome.js';
import type { Outcome } from '../migrate/outcome.js';
import { migrate } from '../migrate/run-migrate.js';
import { summaryLines } from '../migrate/summary.js';
import { withSession } from '../session.js';
import type { Session } from '../session.js';
import { bytesText, countText, textTable } from '../text-table.js';
import { copyWorkers, openKiller } from './kill-worker.js';
import { makeDemoSource } from './demo-source.js';
import type { DemoSource } from './demo-source.js';
import type { ShopSummary } from './legacy-shop-tables.js';

/** Two copy workers: one is killed on the way. */
const WORKERS: readonly WorkerSpec[] = ['control', 'copy', 'copy', 'verify', 'notify'].map((role) => ({ role }));
const DATABASE_PREFIX = 'caravan_demo_';

export interface DemoOptions {
  readonly source: 'sqlite' | 'mariadb';
  readonly json?: boolean;
}

/** `caravan demo`: 0 when its outcome is the expected one. */
export async function runDemo(context: CliContext, options: DemoOptions): Promise<number> {
  const { tell } = context;
  tell(`making the legacy shop (${options.source}) …`);
  const source = await makeDemoSource(context, options.source);
  const { summary } = source;
  const dirt = summary.dirt.reduce((sum, { count }) => sum + count, 0);
  tell(
    `${String(summary.tables)} tables, ${countText(summary.rows)} rows, ${countText(dirt)} pieces of the dirt of years in them`,
  );
  try {
    return await withSession(context, (session) => demonstrate({ context, session, source }, options), {
      workers: WORKERS,
    });
  } finally {
    await source.stop();
  }
}

interface Demo {
  readonly context: CliContext;
  readonly session: Session;
  readonly source: DemoSource;
}

async function demonstrate({ context, session, source }: Demo, options: DemoOptions): Promise<number> {
  const quiet = options.json === true ? { ...context, screen: null } : context;
  const target = await makeScratchDatabase(session.stack.databaseUrl, DATABASE_PREFIX, randomBytes(4).toString('hex'));
  const workflowId = `demo-${randomBytes(4).toString('hex')}`;
  const isKillable = copyWorkers(context.config.home).length > 0;
  const killer = openKiller(quiet, {
    redisUrl: session.stack.redisUrl,
    migrationId: workflowId,
    rows: source.summary.rows,
  });
  const outcome = await migrate(
    quiet,
    { source: source.url, target, yes: true, workflowId },
    { onProgress: killer.onProgress, lookMs: 200 },
  );
  await killer.close();
  const { report } = outcome;
  const copied = await session.store.migrations.copied(report.migrationId);
  const problems = problemsOf(report, source.summary, !isKillable || killer.killed() !== undefined);
  const show = options.json === true ? context.tell : context.print;
  for (const line of [...resultLines(outcome, copied), ...closingLines(session, problems, killer.killed())]) show(line);
  (await import('../certificate/show.js')).tellPage(context, report.certificate);
  if (options.json === true) context.print(reportLine(report));
  return problems.length === 0 ? 0 : 1;
}

/** Why this is not the outcome that the demo promises; nothing when it is. */
function problemsOf(report: MigrationReport, summary: ShopSummary, killed: boolean): string[] {
  const rows = report.tables.reduce((sum, table) => sum + table.sourceRows, 0);
  const unequal = report.tables.filter((table) => !isProvenEqual(table)).map(({ source }) => source);
  const isPromoted = report.status === 'proven' || report.status === 'proven_with_exceptions';
  return [
    ...(isPromoted ? [] : [`the migration ended ${report.status}`]),
    ...(report.tables.length === summary.tables
      ? []
      : [`${String(report.tables.length)} of ${String(summary.tables)} tables arrived`]),
    ...(rows === summary.rows ? [] : [`${countText(rows)} of ${countText(summary.rows)} rows were read`]),
    ...(unequal.length === 0 ? [] : [`not proven equal: ${unequal.join(', ')}`]),
    ...(killed ? [] : ['no copy worker could be killed on the way']),
    ...(report.certificate === null ? ['there is no certificate'] : []),
  ];
}

function resultLines(outcome: Outcome, copied: readonly CopiedTableFact[]): string[] {
  const { report } = outcome;
  const facts = new Map(copied.map((fact) => [fact.table, fact]));
  const rows = report.tables.map((table) => tableRow(table, facts.get(table.source)));
  const head = [
    'TABLE',
    'ROWS READ',
    'WRITTEN',
    'QUARANTINED',
    'CHANGED',
    'BYTES',
    'SECONDS',
    'ROWS/S',
    'SOURCE HASH',
    'TARGET HASH',
  ];
  return [
    '',
    ...textTable([head, ...rows], [1, 2, 3, 4, 5, 6, 7]),
    '',
    ...summaryLines({ ...outcome, report: { ...report, tables: [] } }),
  ];
}

function tableRow(table: TableReport, copied: CopiedTableFact | undefined): string[] {
  const seconds = (copied?.milliseconds ?? 0) / 1000;
  return [
    table.source,
    countText(table.sourceRows),
    countText(table.targetRows),
    countText(table.quarantinedRows),
    countText(table.changedValues),
    bytesText(copied?.bytes ?? 0),
    seconds.toFixed(2),
    seconds === 0 ? '-' : countText((copied?.rows ?? 0) / seconds),
    table.sourceHash?.slice(0, 12) ?? '-',
    table.targetHash?.slice(0, 12) ?? '-',
  ];
}

function closingLines({ stack }: Session, problems: readonly string[], killed: string | undefined): string[] {
  const lines =
    problems.length > 0
      ? problems.map((problem) => `NOT as expected: ${problem}`)
      : [`${killed ?? 'No worker was killed'}: nothing was lost, nothing came twice.`];
  return [
    '',
    ...lines,
    ...(stack.webUiUrl === null ? [] : [`Temporal UI  ${stack.webUiUrl}  (while the stack runs: caravan up)`]),
  ];
}
