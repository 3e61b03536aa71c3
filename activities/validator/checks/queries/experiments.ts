import type { Workload } from '../../../../contracts/workload.js';
import type { Comparison } from '../../../kora/behaviour/compare.js';
import { compareAnswers } from '../../../kora/behaviour/compare.js';
import type { Experiments } from '../../../kora/behaviour/explain.js';
import { isSameWithNullsMoved } from '../../../kora/behaviour/null-order.js';
import { withExactTexts, withoutLimit } from '../../../kora/behaviour/rewrite.js';
import type { Asked, Heard, Lane } from './lane.js';

interface Different {
  readonly asked: Asked;
  readonly heard: Heard;
  readonly comparison: Comparison;
  readonly limited: boolean;
}

/** Asks once more, otherwise, to see why both sides differ. */
export async function experiment(
  { asked, heard, comparison, limited }: Different,
  lane: Lane,
  dialect: Workload['dialect'],
): Promise<Experiments | 'unstable'> {
  const { source, target } = heard.answers;
  if (!source.isWhole || !target.isWhole) return {};
  if (comparison.outcome === 'order') return { sameWithNullsMoved: isSameWithNullsMoved({ source, target }, asked) };
  const withoutLimit = limited ? await unlimited(asked, lane, dialect) : undefined;
  if (withoutLimit !== undefined && asked.orderBy.fixed !== 'total') return { withoutLimit };
  if (await isUnstable(asked, heard, lane)) return 'unstable';
  const sameWithExactTexts = await exactly(asked, heard, { lane, dialect });
  return {
    ...(withoutLimit !== undefined && { withoutLimit }),
    ...(sameWithExactTexts !== undefined && { sameWithExactTexts }),
  };
}

async function isUnstable(asked: Asked, { answers: { source } }: Heard, lane: Lane): Promise<boolean> {
  const { answer, ended } = await lane.askSource(asked.source);
  return ended.ok && answer.isWhole && compareAnswers({ source, target: answer }, asked).outcome !== 'equal';
}

/** What becomes of the difference when all rows are asked for; undefined where it stays. */
async function unlimited(
  asked: Asked,
  lane: Lane,
  dialect: Workload['dialect'],
): Promise<Experiments['withoutLimit'] | undefined> {
  const [source, target] = [withoutLimit(asked.source, dialect), withoutLimit(asked.target, 'postgres')];
  if (source === undefined || target === undefined) return undefined;
  const all = { ...asked, source, target };
  const heard = await lane.ask(all);
  if (!heard.ended.source.ok || !heard.ended.target.ok) return undefined;
  const { outcome } = await lane.compare(all, heard.answers);
  return outcome === 'equal' || outcome === 'order' ? outcome : undefined;
}

/** The source's own answer with texts compared by their bytes, against the target's. */
async function exactly(
  asked: Asked,
  { answers: { target } }: Heard,
  { lane, dialect }: { readonly lane: Lane; readonly dialect: Workload['dialect'] },
): Promise<boolean | undefined> {
  for (const sql of withExactTexts(asked.source, dialect)) {
    const { answer, ended } = await lane.askSource(sql);
    if (ended.ok) return answer.isWhole && compareAnswers({ source: answer, target }, asked).outcome === 'equal';
  }
  return undefined;
}
