import type { Workload } from '../../../../contracts/workload.js';
import type { AnswerColumn, Asking, Cell } from '../../../../databases/asking.js';
import { DYNAMIC } from '../../../../databases/asking.js';
import type { Mask, Sided } from './lane.js';

const NOW: Readonly<Record<Workload['dialect'], string>> = {
  mysql: 'SELECT UTC_TIMESTAMP(6)',
  postgres: `SELECT pg_catalog.clock_timestamp() AT TIME ZONE 'UTC'`,
  sqlite: `SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')`,
};
const SECONDS = 10;
const MOMENT = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d+)?)$/;

/**
 * The clocks of both sides while they write: a moment that a side put into a row by its own clock meanwhile (a default,
 * a trigger) is one moment, for the two cannot write at the same one.
 */
export class WriteClock {
  readonly #sides: Sided<Pick<Asking, 'ask'>>;
  readonly #dialects: Sided<Workload['dialect']>;
  #begun: Sided<number> = { source: NaN, target: NaN };
  #ended: Sided<number> = { source: NaN, target: NaN };
  /** Whether a moment was taken for the other since `begin`. */
  used = false;

  constructor(sides: Sided<Pick<Asking, 'ask'>>, dialect: Workload['dialect']) {
    this.#sides = sides;
    this.#dialects = { source: dialect, target: 'postgres' };
  }

  async begin(): Promise<void> {
    this.used = false;
    this.#begun = await this.#now();
    this.#ended = { source: NaN, target: NaN };
  }

  async end(): Promise<void> {
    this.#ended = await this.#now();
  }

  readonly masks: Sided<Mask> = {
    source: (columns) => this.#mask('source', columns),
    target: (columns) => this.#mask('target', columns),
  };

  #mask(side: 'source' | 'target', columns: readonly AnswerColumn[]): ReturnType<Mask> {
    // A column of whole seconds cuts off the rest, or rounds it.
    const [from, to] = [Math.floor(this.#begun[side] / 1000) * 1000, Math.ceil(this.#ended[side] / 1000) * 1000];
    const moments = columns.flatMap(({ kind }, at) => (kind === 'timestamp' || kind === 'dynamic' ? [at] : []));
    return (cells) => {
      let masked: Cell[] | undefined;
      for (const at of moments) {
        const moment = momentOf(cells[at] ?? null);
        if (moment === undefined || !(moment.ms >= from && moment.ms <= to)) continue;
        masked ??= [...cells];
        masked[at] = `${moment.prefix}${textOf(this.#begun.source)}`;
        this.used = true;
      }
      return masked ?? cells;
    };
  }

  async #now(): Promise<Sided<number>> {
    const [source, target] = await Promise.all([this.#of('source'), this.#of('target')]);
    return { source, target };
  }

  async #of(side: 'source' | 'target'): Promise<number> {
    let now: Cell = null;
    await this.#sides[side].ask({
      sql: NOW[this.#dialects[side]],
      seconds: SECONDS,
      onColumns: () => undefined,
      onRow: ([cell = null]) => {
        now = cell;
      },
    });
    return momentOf(now)?.ms ?? NaN;
  }
}

function momentOf(cell: Cell): { readonly prefix: string; readonly ms: number } | undefined {
  if (cell === null) return undefined;
  const prefix = cell.startsWith(DYNAMIC.text) ? DYNAMIC.text : '';
  const [, day, time] = MOMENT.exec(cell.slice(prefix.length)) ?? [];
  return day === undefined || time === undefined ? undefined : { prefix, ms: Date.parse(`${day}T${time}Z`) };
}

function textOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}
