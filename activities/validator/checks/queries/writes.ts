import type { Explanation, QueryVerdict, UncomparedReason } from '../../../../contracts/replay.js';
import type { Workload, WorkloadQuery } from '../../../../contracts/workload.js';
import type { Replica, ReplicaTrigger, Writing, Written } from '../../../../databases/asking.js';
import type { Comparison } from '../../../kora/behaviour/compare.js';
import { explain } from '../../../kora/behaviour/explain.js';
import { wordsOf } from '../../../kora/behaviour/rewrite.js';
import { headOf, notReplayed } from './judge.js';
import { SECONDS_MAX } from './lane.js';
import type { Effects } from './effects.js';
import { changedBy, eventsOf, firedBy, hasTable, writtenBy } from './triggers.js';
import type { WriteClock } from './write-clock.js';

/** Tries what was recorded as one transaction on the replica and on the target, compares, and takes both back. */
export class WriteReplay {
  readonly #parts: WriteParts;

  constructor(parts: WriteParts) {
    this.#parts = parts;
  }

  async judge(unit: readonly WorkloadQuery[]): Promise<QueryVerdict[]> {
    const { effects, clock, source, target } = this.#parts;
    const asked = unit.flatMap((query) => (query.translated === null ? [] : [{ query, translated: query.translated }]));
    if (unit.some(({ placeholders = [] }) => placeholders.length > 0)) return all(unit, 'without_values');
    if (asked.length < unit.length) return all(unit, 'not_translated');
    const { tables, fired } = this.#touched(unit);
    const changed = changedBy(this.#parts.replica, fired);
    if (this.#isHeldByNothing(tables, changed)) return all(unit, 'replica_not_transactional');
    const watched = effects.watched(tables, changed);
    const unlike = await effects.unlike(watched);
    if (unlike.length > 0) return all(unit, 'replica_differs', unlike.join(', '));
    const counters = await effects.counters();
    await clock.begin();
    await Promise.all([source.begin(), target.begin(counters)]);
    try {
      const tried = await this.#try(asked);
      if (tried.stopped) return tried.verdicts;
      await clock.end();
      return await this.#withEffects(tried.verdicts, { tables, watched, isTriggered: fired.length > 0 });
    } finally {
      await Promise.all([source.rollback(), target.rollback()]);
    }
  }

  close(): Promise<void> {
    return this.#parts.close();
  }

  /** Tables whose rows may change by what is written, and triggers that fire. */
  #touched(unit: readonly WorkloadQuery[]): { readonly tables: readonly string[]; readonly fired: ReplicaTrigger[] } {
    const { effects, replica, dialect } = this.#parts;
    const events = eventsOf(new Set(unit.flatMap(({ run }) => [...wordsOf(run, dialect)])));
    const named = [...new Set(unit.flatMap((query) => writtenBy(query, dialect)))];
    const tables = events.has('update') || events.has('delete') ? effects.withFollowing(named) : named;
    if (dialect === 'mysql') return { tables, fired: firedBy(replica, named, events) };
    // Elsewhere what follows by a foreign key fires triggers as well.
    if (tables.length > named.length) events.add('update').add('delete');
    return { tables, fired: firedBy(replica, tables, events) };
  }

  #isHeldByNothing(tables: readonly string[], changed: ReadonlySet<string> | 'any'): boolean {
    const { untransactional } = this.#parts.replica;
    if (changed === 'any' && untransactional.size > 0) return true;
    const written = changed === 'any' ? tables : [...tables, ...changed];
    return written.some((table) => hasTable(untransactional, table));
  }

  async #try(asked: readonly Asked[]): Promise<{ readonly verdicts: QueryVerdict[]; readonly stopped: boolean }> {
    const { source, target } = this.#parts;
    const verdicts: QueryVerdict[] = [];
    for (const [at, { query, translated }] of asked.entries()) {
      const [one, other] = await Promise.all([
        source.write(query.run, SECONDS_MAX),
        target.write(translated, SECONDS_MAX),
      ]);
      verdicts.push(this.#written(query, one, other));
      if (one.ok && other.ok) continue;
      const rest = asked.slice(at + 1).map((left) => notReplayed(left.query, 'after_failure'));
      return { verdicts: [...verdicts, ...rest], stopped: true };
    }
    // What was put off until the end would be said at the end.
    const [one, other] = await Promise.all([source.settle(), target.settle()]);
    const last = asked.at(-1);
    if ((one.ok && other.ok) || last === undefined) return { verdicts, stopped: false };
    verdicts[verdicts.length - 1] = this.#written(last.query, one, other);
    return { verdicts, stopped: true };
  }

  #written(query: WorkloadQuery, source: Written, target: Written): QueryVerdict {
    const head = headOf(query);
    if (source.ok && target.ok) {
      const measured = { sourceRows: source.rows, targetRows: target.rows };
      if (source.rows === target.rows || !this.#isCountedAlike(query))
        return { ...head, verdict: 'equal', ...measured };
      return { ...head, verdict: 'different', explanation: AFFECTED, ...measured };
    }
    if (isLate(source) || isLate(target)) return notReplayed(query, 'time_limit');
    if (!source.ok && !target.ok) {
      return { ...head, verdict: 'equal', failsOnBoth: true, detail: `${source.refused.code}, ${target.refused.code}` };
    }
    if (!source.ok) return notReplayed(query, 'fails_on_source', source.refused.code);
    if (target.ok) throw new Error('both sides were looked at');
    const words = wordsOf(query.run, this.#parts.dialect);
    const nothing = { sourceRows: source.rows, targetRows: 0, unequalTables: [], experiments: {} };
    const seen = { ...nothing, query, words, refused: target.refused, isOriginal: query.run === query.translated };
    return { ...head, verdict: 'different', explanation: explain(seen), detail: target.refused.code };
  }

  /** MySQL counts a row twice that it replaces. */
  #isCountedAlike(query: WorkloadQuery): boolean {
    const words = wordsOf(query.run, this.#parts.dialect);
    return !words.has('replace') && !words.has('duplicate');
  }

  async #withEffects(
    verdicts: readonly QueryVerdict[],
    { tables, watched, isTriggered }: Touched,
  ): Promise<QueryVerdict[]> {
    const { effects, clock } = this.#parts;
    const large = effects.tooLarge(tables);
    const detail = large.length === 0 ? {} : { detail: `only the number of changed rows: ${large.join(', ')}` };
    const differing = await effects.differing(watched, clock);
    if (differing.length === 0) {
      const tolerated = clock.used ? ({ tolerated: ['clock'] } as const) : {};
      return verdicts.map((verdict) => ({ ...detail, ...tolerated, ...verdict }));
    }
    const explanation = isTriggered ? TRIGGERED : EFFECTS;
    return verdicts.map((verdict) => this.#changed(verdict, { explanation, differing }));
  }

  #changed(
    verdict: QueryVerdict,
    { explanation, differing }: { readonly explanation: Explanation; readonly differing: readonly Differing[] },
  ): QueryVerdict {
    const detail = `they hold other rows then: ${differing.map(({ table }) => table).join(', ')}`;
    const examples = differing[0]?.comparison.examples ?? [];
    return { explanation, ...verdict, verdict: 'different', detail, ...(examples.length > 0 && { examples }) };
  }
}

export interface Differing {
  readonly table: string;
  readonly comparison: Comparison;
}

export interface WriteParts {
  readonly source: Writing;
  readonly target: Writing;
  readonly replica: Replica;
  readonly effects: Effects;
  readonly clock: WriteClock;
  readonly dialect: Workload['dialect'];
  readonly close: () => Promise<void>;
}

interface Touched {
  readonly tables: readonly string[];
  readonly watched: readonly string[];
  readonly isTriggered: boolean;
}

interface Asked {
  readonly query: WorkloadQuery;
  readonly translated: string;
}

const AFFECTED: Explanation = {
  class: 'translation',
  rule: 'affected_rows',
  text: 'It changes another number of rows in the target.',
  shown: true,
};
const EFFECTS: Explanation = {
  class: 'translation',
  rule: 'effects',
  text: 'It changes as many rows in the target, but leaves other values.',
  shown: true,
};
const TRIGGERED: Explanation = {
  class: 'translation',
  rule: 'triggers',
  text: 'Triggers of the source change more than the statement says, and not all of them act in the target.',
  shown: false,
};

function isLate(written: Written): boolean {
  return !written.ok && written.refused.why === 'time_limit';
}

function all(unit: readonly WorkloadQuery[], reason: UncomparedReason, detail?: string): QueryVerdict[] {
  return unit.map((query) => notReplayed(query, reason, detail));
}
