import { CaravanFailure } from '../../contracts/failures.js';
import { UNCOMPARED_REASONS } from '../../contracts/replay.js';
import type { Explanation, QueryVerdict, ReplayReport } from '../../contracts/replay.js';
import { SKIP_REASONS } from '../../contracts/workload.js';
import { unknownMigration } from '../../platform/temporal/failure-report.js';
import type { Store } from '../../platform/store/store.js';
import type { CliContext } from '../cli-context.js';
import { withSession } from '../session.js';
import { countText, escapedText, safeJson } from '../text-table.js';

export interface ReportOptions {
  readonly different?: boolean;
  readonly json?: boolean;
}

/** `caravan queries report`: what became of each recorded query. */
export async function runQueriesReport(context: CliContext, id: string, options: ReportOptions): Promise<number> {
  return withSession(
    context,
    async ({ store }) => {
      const report = await reportOf(store, id);
      if (options.json === true) {
        const queries: QueryVerdict[] = [];
        for await (const verdict of verdictsOf(store, id, report))
          if (isWanted(verdict, options)) queries.push(verdict);
        context.print(safeJson({ migrationId: id, counts: report.counts, queries }));
        return 0;
      }
      for (const line of countLines(report)) context.print(line);
      for await (const verdict of verdictsOf(store, id, report)) {
        if (isWanted(verdict, options)) for (const line of linesOf(verdict)) context.print(line);
      }
      return 0;
    },
    { loud: options.json !== true },
  );
}

async function reportOf(store: Store, id: string): Promise<ReplayReport> {
  if ((await store.migrations.get(id)) === undefined) throw unknownMigration(id);
  const report = (await store.migrations.checkReport(id, 'queries')) as ReplayReport | undefined;
  if (report !== undefined) return report;
  throw new CaravanFailure('INPUT_INVALID', {
    attempted: 'show the queries of',
    on: id,
    seen: 'none were replayed, or not all of them yet',
    next: 'Give recorded queries with --queries.',
  });
}

async function* verdictsOf(store: Store, id: string, { pages }: ReplayReport): AsyncGenerator<QueryVerdict> {
  for (const page of pages.keys()) yield* (await store.verdicts.page(id, page)) ?? [];
}

function isWanted({ verdict, slower }: QueryVerdict, { different = false }: ReportOptions): boolean {
  return !different || verdict === 'different' || slower !== undefined;
}

function countLines({ counts }: ReplayReport): string[] {
  const { equal = 0, different = 0, not_replayed: left = 0, slower = 0 } = counts;
  const synthetic = (counts['equal:synthetic'] ?? 0) + (counts['different:synthetic'] ?? 0);
  const parts = [
    `${countText(equal)} equal`,
    `${countText(different)} different`,
    `${countText(left)} not replayed`,
    `${countText(slower)} slower`,
    ...(synthetic === 0 ? [] : [`${countText(synthetic)} with sampled values`]),
  ];
  const reasons = Object.entries(counts).flatMap(([name, count]) =>
    name.startsWith('not_replayed:') ? [`  ${countText(count)} not replayed: ${reasonText(name.slice(13))}`] : [],
  );
  return [`Queries      ${parts.join(', ')}`, ...reasons];
}

function reasonText(reason: string): string {
  const texts: Readonly<Record<string, string>> = { ...SKIP_REASONS, ...UNCOMPARED_REASONS };
  return texts[reason] ?? reason;
}

function linesOf(verdict: QueryVerdict): string[] {
  const { id, count, synthetic, sql, run, translated, detail, explanation, slower, examples = [] } = verdict;
  const times = count === 1 ? 'once' : `${countText(count)} times`;
  const head = [headOf(verdict), id, times, ...(synthetic ? ['its values were sampled'] : [])];
  return [
    '',
    head.join(', '),
    line('original', sql),
    ...(run === '' || run === sql ? [] : [line('run', run)]),
    ...(translated === null || translated === run ? [] : [line('translated', translated)]),
    ...(explanation === undefined ? [] : [line('why', whyOf(explanation))]),
    ...(detail === undefined ? [] : [line('detail', detail)]),
    ...measureLines(verdict),
    ...examples.map(({ row, column, source, target }) => {
      const place = row === undefined ? 'only one side' : `row ${String(row)}, ${column ?? 'column'}`;
      return line('differs', `${place}: ${source ?? 'NULL'} | ${target ?? 'NULL'}`);
    }),
    ...(slower === undefined ? [] : slowerLines(slower)),
  ];
}

function headOf({ verdict, reason, explanation, failsOnBoth, tolerated = [] }: QueryVerdict): string {
  if (verdict === 'not_replayed') return `not replayed: ${reasonText(reason ?? '')}`;
  if (failsOnBoth === true) return 'equal: it fails on both sides';
  if (explanation !== undefined) return `different: ${explanation.class}, ${explanation.rule}`;
  return tolerated.length === 0 ? verdict : `${verdict} (let pass: ${tolerated.join(', ')})`;
}

function whyOf({ text, shown }: Explanation): string {
  return shown ? text : `${text} (the likeliest; no experiment showed it)`;
}

function measureLines({ sourceRows, targetRows, timing }: QueryVerdict): string[] {
  const rows =
    sourceRows === undefined || targetRows === undefined ? undefined : `${String(sourceRows)} | ${String(targetRows)}`;
  const milliseconds = timing && `${timing.sourceMs.toFixed(1)} | ${timing.targetMs.toFixed(1)}`;
  return [
    ...(rows === undefined ? [] : [line('rows', rows)]),
    ...(milliseconds === undefined ? [] : [line('ms', milliseconds)]),
  ];
}

function slowerLines({
  factor,
  sourceMs,
  targetMs,
  sourcePlan,
  targetPlan,
}: NonNullable<QueryVerdict['slower']>): string[] {
  const plan = (side: string, text: string | null): string[] =>
    (text ?? 'none').split('\n').map((each, at) => line(at === 0 ? `${side} plan` : '', each));
  return [
    line('slower', `${String(factor)} times, alone: ${sourceMs.toFixed(1)} | ${targetMs.toFixed(1)} ms`),
    ...plan('source', sourcePlan),
    ...plan('target', targetPlan),
  ];
}

const LABEL_WIDTH = 12;

/** One line for each text, whatever it holds. */
function line(label: string, text: string): string {
  return `  ${label.padEnd(LABEL_WIDTH)} ${escapedText(text.replace(/\s*\n\s*/g, ' '))}`;
}
