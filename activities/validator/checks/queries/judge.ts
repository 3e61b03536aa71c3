import type { QueryVerdict, Slower, UncomparedReason } from '../../../../contracts/replay.js';
import type { Workload, WorkloadQuery } from '../../../../contracts/workload.js';
import type { Answered, Refusal } from '../../../../databases/asking.js';
import type { Comparison } from '../../../kora/behaviour/compare.js';
import { explain } from '../../../kora/behaviour/explain.js';
import { wordsOf } from '../../../kora/behaviour/rewrite.js';
import { experiment } from './experiments.js';
import { CutShort } from './lane.js';
import type { Asked, Heard, Lane } from './lane.js';

/** What is known of a workload beside its queries. */
export interface Knowledge {
  readonly dialect: Workload['dialect'];
  /** Of these tables of the source, those that both sides do not hold alike. */
  readonly unequal: (tables: readonly string[]) => readonly string[];
}

/** A target that takes so many times as long is slower; below so many milliseconds nobody notices. */
const SLOWER_FACTOR = 3;
const SLOWER_MS_MIN = 20;
/** Runs of each side by itself, before it is said; fewer of a long one. */
const RUNS = 3;
const LONG_MS = 2000;

/** Runs one query that reads on both sides at once, and says how their answers stand to each other. */
export async function judge(query: WorkloadQuery, lane: Lane, known: Knowledge): Promise<QueryVerdict> {
  if (query.class === 'skipped') return notReplayed(query, query.reason ?? 'not_parsed', query.detail);
  if ((query.placeholders ?? []).length > 0) return notReplayed(query, 'without_values');
  if (query.translated === null) return notReplayed(query, 'not_translated', query.detail);
  const { run: source, translated: target, orderBy, lists } = query;
  const asked = { source, target, orderBy, ...(lists && { lists }) };
  try {
    return await judged(query, asked, { lane, known });
  } catch (error) {
    if (!(error instanceof CutShort)) throw error;
    return notReplayed(query, 'too_many_rows', error.refused?.code);
  }
}

export function notReplayed(query: WorkloadQuery, reason: UncomparedReason, detail?: string): QueryVerdict {
  return { ...headOf(query), verdict: 'not_replayed', reason, ...(detail !== undefined && { detail }) };
}

export function headOf(query: WorkloadQuery): Omit<QueryVerdict, 'verdict'> {
  const { id, sql, run, translated, count, synthetic, transaction } = query;
  const head = { id, sql, run, translated, count, synthetic, class: query.class };
  return { ...head, ...(transaction !== undefined && { transaction }) };
}

interface Judging {
  readonly lane: Lane;
  readonly known: Knowledge;
}

async function judged(query: WorkloadQuery, asked: Asked, judging: Judging): Promise<QueryVerdict> {
  const heard = await judging.lane.ask(asked);
  const { source, target } = heard.ended;
  if (!source.ok || !target.ok) return refusedVerdict({ query, asked, heard }, judging);
  const comparison = await judging.lane.compare(asked, heard.answers);
  const seen = { query, asked, heard, comparison };
  const verdict = comparison.outcome === 'equal' ? equalVerdict(seen) : await differentVerdict(seen, judging);
  const slower = await slowerThan(asked, heard.ended, judging.lane);
  return slower === undefined ? verdict : { ...verdict, slower };
}

interface SeenAnswers {
  readonly query: WorkloadQuery;
  readonly asked: Asked;
  readonly heard: Heard;
  readonly comparison: Comparison;
}

function equalVerdict({ query, heard, comparison: { tolerated } }: SeenAnswers): QueryVerdict {
  return {
    ...headOf(query),
    verdict: 'equal',
    ...measured(heard),
    ...(tolerated.length > 0 && { tolerated }),
  };
}

async function differentVerdict(seen: SeenAnswers, { lane, known }: Judging): Promise<QueryVerdict> {
  const { query, asked, heard, comparison } = seen;
  const experiments = await experiment({ asked, heard, comparison, limited: query.limited }, lane, known.dialect);
  if (experiments === 'unstable') return notReplayed(query, 'unstable');
  const explanation = explain({
    ...facts(query, heard, known),
    comparison,
    experiments,
  });
  const { examples } = comparison;
  return {
    ...headOf(query),
    verdict: 'different',
    explanation,
    ...measured(heard),
    ...(examples.length > 0 && { examples }),
  };
}

function facts(
  query: WorkloadQuery,
  { answers }: Heard,
  { dialect, unequal }: Knowledge,
): Omit<Parameters<typeof explain>[0], 'comparison' | 'experiments'> {
  return {
    query,
    words: wordsOf(query.run, dialect),
    sourceRows: answers.source.count,
    targetRows: answers.target.count,
    unequalTables: unequal(query.tables),
    isOriginal: query.run === query.translated,
  };
}

function measured({ answers, ended }: Heard): Pick<QueryVerdict, 'sourceRows' | 'targetRows' | 'timing'> {
  const timing = { sourceMs: milliseconds(ended.source.ms), targetMs: milliseconds(ended.target.ms) };
  return { sourceRows: answers.source.count, targetRows: answers.target.count, timing };
}

function milliseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** One side refused it, or both. */
async function refusedVerdict(
  { query, asked, heard }: Omit<SeenAnswers, 'comparison'>,
  { lane, known }: Judging,
): Promise<QueryVerdict> {
  const [source, target] = [refusalOf(heard.ended.source), refusalOf(heard.ended.target)];
  const reason = unaskable(source) ?? unaskable(target);
  if (reason !== undefined) {
    const verdict = notReplayed(query, reason, codesOf(source, target));
    const slower = source === undefined ? await slowerThan(asked, heard.ended, lane) : undefined;
    return slower === undefined ? verdict : { ...verdict, slower };
  }
  if (source !== undefined && target !== undefined) {
    return { ...headOf(query), verdict: 'equal', failsOnBoth: true, detail: codesOf(source, target) };
  }
  if (target === undefined) return notReplayed(query, 'fails_on_source', source?.code);
  const explanation = explain({ ...facts(query, heard, known), refused: target, experiments: {} });
  const sourceRows = heard.answers.source.count;
  return { ...headOf(query), verdict: 'different', explanation, detail: target.code, sourceRows };
}

function refusalOf(ended: Answered): Refusal | undefined {
  return ended.ok ? undefined : ended.refused;
}

const UNASKABLE: Readonly<Partial<Record<Refusal['why'], UncomparedReason>>> = {
  time_limit: 'time_limit',
  read_only: 'would_write',
  not_allowed: 'not_allowed',
};

function unaskable(refusal: Refusal | undefined): UncomparedReason | undefined {
  return refusal && UNASKABLE[refusal.why];
}

function codesOf(source: Refusal | undefined, target: Refusal | undefined): string {
  return [source, target].flatMap((each) => (each === undefined ? [] : [each.code])).join(', ');
}

/** Timed again, each side by itself, before it is said: the two were in each other's way. */
async function slowerThan(asked: Asked, { source, target }: Heard['ended'], lane: Lane): Promise<Slower | undefined> {
  if (!isSlower(source.ms, target.ms)) return undefined;
  const best = target.ok
    ? await lane.time(asked, target.ms > LONG_MS ? 1 : RUNS)
    : { source: source.ms, target: target.ms };
  if (!isSlower(best.source, best.target)) return undefined;
  const plans = await lane.plans(asked);
  return {
    sourceMs: milliseconds(best.source),
    targetMs: milliseconds(best.target),
    factor: Math.round((10 * best.target) / Math.max(best.source, 0.001)) / 10,
    sourcePlan: plans.source,
    targetPlan: plans.target,
  };
}

function isSlower(sourceMs: number, targetMs: number): boolean {
  return targetMs > SLOWER_FACTOR * sourceMs && targetMs - sourceMs > SLOWER_MS_MIN;
}
