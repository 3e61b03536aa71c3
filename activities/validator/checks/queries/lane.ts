import type { Answered, AnswerColumn, Asking, Cell, Refusal } from '../../../../databases/asking.js';
import { Answer } from '../../../kora/behaviour/answers.js';
import { compareAnswers, waysOf } from '../../../kora/behaviour/compare.js';
import type { Compared, Comparison } from '../../../kora/behaviour/compare.js';
import { RowDigest } from '../../../kora/behaviour/row-digest.js';

/** Seconds that one query may take, on each side. */
export const SECONDS_MAX = 30;

/** What both sides are asked: a query, and what it was translated to. */
export interface Asked extends Compared {
  readonly source: string;
  readonly target: string;
}

export interface Sided<T> {
  readonly source: T;
  readonly target: T;
}

/** Of an answer with these columns: rows as they are compared. */
export type Mask = (columns: readonly AnswerColumn[]) => (cells: readonly Cell[]) => readonly Cell[];

export interface Heard {
  readonly answers: Sided<Answer>;
  readonly ended: Sided<Answered>;
}

/** One session of each side, each in its state; a query is asked of both at once. */
export class Lane {
  readonly #sides: Sided<Asking>;

  constructor(sides: Sided<Asking>) {
    this.#sides = sides;
  }

  async ask({ source, target }: Pick<Asked, 'source' | 'target'>): Promise<Heard> {
    const answers = { source: new Answer(), target: new Answer() };
    const ended = await both({
      source: this.#sides.source.ask({ sql: source, seconds: SECONDS_MAX, ...listening(answers.source) }),
      target: this.#sides.target.ask({ sql: target, seconds: SECONDS_MAX, ...listening(answers.target) }),
    });
    return { answers, ended };
  }

  async askSource(sql: string): Promise<{ readonly answer: Answer; readonly ended: Answered }> {
    const answer = new Answer();
    const ended = await this.#sides.source.ask({ sql, seconds: SECONDS_MAX, ...listening(answer) });
    return { answer, ended };
  }

  /**
   * How both answers stand to each other; those that are too long to be kept are asked for once more. `masks` put one
   * value in the place of what need not be equal.
   */
  async compare(asked: Asked, { source, target }: Heard['answers'], masks?: Sided<Mask>): Promise<Comparison> {
    const isWhole = source.isWhole && target.isWhole;
    if (!isWhole && (source.columns.length !== target.columns.length || source.count !== target.count))
      return bare(differing({ source, target }));
    if (!isWhole) return this.#digest(asked, { source: source.columns, target: target.columns }, masks);
    const masked = ({ columns, rows }: Answer, mask: Mask | undefined): Pick<Answer, 'columns' | 'rows'> =>
      mask === undefined ? { columns, rows } : { columns, rows: rows.map(mask(columns)) };
    return compareAnswers({ source: masked(source, masks?.source), target: masked(target, masks?.target) }, asked);
  }

  /** Milliseconds of each side by itself, the best of some runs. */
  async time({ source, target }: Pick<Asked, 'source' | 'target'>, runs: number): Promise<Sided<number>> {
    const best = { source: Infinity, target: Infinity };
    for (let run = 0; run < runs; run += 1) {
      for (const [side, sql] of [
        ['source', source],
        ['target', target],
      ] as const) {
        const silent = { onColumns: () => undefined, onRow: () => undefined };
        const { ms } = await this.#sides[side].ask({ sql, seconds: SECONDS_MAX, ...silent });
        best[side] = Math.min(best[side], ms);
      }
    }
    return best;
  }

  async plans({ source, target }: Pick<Asked, 'source' | 'target'>): Promise<Sided<string | null>> {
    const [one, other] = [await this.#sides.source.explain(source), await this.#sides.target.explain(target)];
    return { source: one ?? null, target: other ?? null };
  }

  async #digest(
    asked: Asked,
    columns: Sided<readonly AnswerColumn[]>,
    masks: Sided<Mask> | undefined,
  ): Promise<Comparison> {
    const ways = waysOf(columns.source, columns.target, asked.lists);
    const digests = { source: new RowDigest(ways, 'source'), target: new RowDigest(ways, 'target') };
    const ask = (side: 'source' | 'target'): Promise<Answered> => {
      const { onRow } = digests[side];
      const mask = masks?.[side](columns[side]);
      return this.#sides[side].ask({
        sql: asked[side],
        seconds: SECONDS_MAX,
        onColumns: () => undefined,
        onRow:
          mask === undefined
            ? onRow
            : (cells) => {
                onRow(mask(cells));
              },
      });
    };
    const ended = await both({ source: ask('source'), target: ask('target') });
    if (!ended.source.ok || !ended.target.ok) throw new CutShort(ended);
    const [source, target] = [digests.source.close(), digests.target.close()];
    if (source.count !== target.count) return bare('count');
    if (source.multiset !== target.multiset) return bare('rows');
    return bare(asked.orderBy.fixed === 'total' && source.list !== target.list ? 'order' : 'equal');
  }
}

/** A query that ended the first time did not the second time. */
export class CutShort extends Error {
  readonly refused: Refusal | undefined;

  constructor({ source, target }: Heard['ended']) {
    super('the query did not come to its end again');
    this.refused = !source.ok ? source.refused : !target.ok ? target.refused : undefined;
  }
}

function listening(answer: Answer): Pick<Answer, 'onColumns' | 'onRow'> {
  return { onColumns: answer.onColumns, onRow: answer.onRow };
}

function differing({ source, target }: Heard['answers']): Comparison['outcome'] {
  return source.columns.length === target.columns.length ? 'count' : 'columns';
}

function bare(outcome: Comparison['outcome']): Comparison {
  return { outcome, tolerated: [], examples: [] };
}

/** Both have ended, whatever becomes of one: a session is not asked twice at once. */
async function both<T>({ source, target }: Sided<Promise<T>>): Promise<Sided<T>> {
  const [one, other] = await Promise.allSettled([source, target]);
  if (one.status === 'rejected') throw one.reason;
  if (other.status === 'rejected') throw other.reason;
  return { source: one.value, target: other.value };
}
