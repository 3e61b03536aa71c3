import type { QueryVerdict } from '../../../../contracts/replay.js';
import type { Workload, WorkloadQuery } from '../../../../contracts/workload.js';
import { openTargetOf, recordOf } from '../../../ends.js';
import { withTriggers } from '../../routines/triggers/firing.js';
import type { CheckContext } from '../check.js';
import { Effects } from './effects.js';
import { notReplayed } from './judge.js';
import type { Knowledge } from './judge.js';
import { CutShort } from './lane.js';
import { openLanes } from './lanes.js';
import { sourcePath } from './prepare.js';
import { unitsOf } from './units.js';
import { WriteClock } from './write-clock.js';
import { WriteReplay } from './writes.js';

/** Judges the queries of a page: what reads, several at once; then what writes, one recorded transaction after another. */
export interface PageJudge {
  judge(queries: readonly WorkloadQuery[], onJudged: () => void): Promise<QueryVerdict[]>;
  close(): Promise<void>;
}

export async function openPageJudge(context: CheckContext, known: Knowledge): Promise<PageJudge> {
  const lanes = await openLanes(context);
  let writes: Promise<WriteReplay | 'no_replica' | 'no_target_replica'> | undefined;
  return {
    judge: async (queries, onJudged) => {
      const reads = queries.filter((query) => query.class !== 'write');
      const verdicts = await lanes.judgeAll(reads, { known, onJudged });
      for (const unit of unitsOf(queries.filter((query) => query.class === 'write'))) {
        context.alive.signal.throwIfAborted();
        writes ??= openWrites(context, known.dialect);
        verdicts.push(...(await judgeUnit(await writes, unit)));
        unit.forEach(onJudged);
      }
      return verdicts;
    },
    close: async () => {
      const opened = await writes?.catch(() => undefined);
      if (typeof opened === 'object') await opened.close().catch(() => undefined);
      await lanes.close();
    },
  };
}

async function judgeUnit(
  writes: WriteReplay | 'no_replica' | 'no_target_replica',
  unit: readonly WorkloadQuery[],
): Promise<QueryVerdict[]> {
  if (typeof writes === 'string') return unit.map((query) => notReplayed(query, writes));
  try {
    return await writes.judge(unit);
  } catch (error) {
    if (!(error instanceof CutShort)) throw error;
    return unit.map((query) => notReplayed(query, 'too_many_rows', error.refused?.code));
  }
}

/** Of a target that another tool made nothing is written, not even to be taken back. */
async function openWrites(
  { deps, migrationId, migration, existing }: CheckContext,
  dialect: Workload['dialect'],
): Promise<WriteReplay | 'no_replica' | 'no_target_replica'> {
  const { input } = await recordOf(deps, migrationId);
  const { connections } = deps.store;
  const source = await connections.get(input.source);
  if (input.replaySource === undefined && source.engine !== 'sqlite') return 'no_replica';
  if (existing !== undefined) return 'no_target_replica';
  const replica = input.replaySource === undefined ? undefined : await connections.get(input.replaySource);
  const opened = await deps.openReplica(source, replica);
  if (opened === undefined) return 'no_replica';
  const shadow = await openTargetOf(deps, migrationId);
  try {
    const path = sourcePath(migration);
    const target = await withTriggers(await shadow.writing(), { deps, migrationId, migration });
    const sides = { source: await opened.writing({ path }), target };
    const close = async (): Promise<void> => {
      await Promise.allSettled([sides.source.close(), sides.target.close()]);
      await Promise.allSettled([opened.close(), shadow.close()]);
    };
    const effects = new Effects(migration, sides, dialect);
    const clock = new WriteClock(sides, dialect);
    return new WriteReplay({ ...sides, replica: opened, effects, clock, dialect, close });
  } catch (error) {
    await Promise.allSettled([opened.close(), shadow.close()]);
    throw error;
  }
}
