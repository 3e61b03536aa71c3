import type { Proven } from '../../../../contracts/checks.js';
import type { Finding } from '../../../../contracts/migration.js';
import type { Explanation, QueryVerdict } from '../../../../contracts/replay.js';

/** In percent, rounded down: only all are 100. */
function shareOf(part: number, whole: number): string {
  return String(Math.floor((1000 * part) / whole) / 10);
}

/** Findings of single queries; of the rest one stands for all. */
const SLOWER_MAX = 50;

/** Counts verdicts as they come by, page after page. */
export class Tally {
  readonly #counts = new Map<string, number>();
  readonly #rules = new Map<string, { readonly explanation: Explanation; count: number }>();
  readonly #disposition: Finding['disposition'];
  readonly #slower: { readonly id: string; readonly factor: number }[] = [];

  /** `disposition`: of differences. */
  constructor(disposition: Finding['disposition']) {
    this.#disposition = disposition;
  }

  add(verdict: QueryVerdict): void {
    this.#count(verdict.verdict);
    if (verdict.verdict === 'not_replayed') this.#count(`not_replayed:${verdict.reason ?? ''}`);
    else if (verdict.synthetic) this.#count(`${verdict.verdict}:synthetic`);
    if (verdict.verdict !== 'not_replayed' && verdict.class === 'write') this.#count(`${verdict.verdict}:write`);
    if (verdict.failsOnBoth === true) this.#count('fails_on_both');
    for (const tolerance of verdict.tolerated ?? []) this.#count(`tolerated:${tolerance}`);
    if (verdict.slower !== undefined) {
      this.#count('slower');
      this.#slower.push({ id: verdict.id, factor: verdict.slower.factor });
    }
    if (verdict.explanation !== undefined) this.#explained(verdict.explanation);
  }

  counts(): Record<string, number> {
    const always = { equal: 0, different: 0, not_replayed: 0 };
    const sorted = [...this.#counts].sort(([one], [other]) => (one < other ? -1 : 1));
    return { ...always, ...Object.fromEntries(sorted) };
  }

  /** Differences by their cause, so that one decision is one for all of a kind; slower ones one by one. */
  findings(): Finding[] {
    // What the query leaves open is no difference of the target.
    const causes = [...this.#rules].filter(([, { explanation }]) => explanation.class !== 'limit_without_order');
    const differing = causes.map(([rule, { explanation, count }]): Finding => {
      const object = `queries (${rule})`;
      const about = { id: `query_differs:${rule}`, code: 'query_differs', kind: 'behavioural', object } as const;
      const sure = explanation.shown ? '' : ' This is the likeliest cause; no experiment showed it.';
      const detail = `${String(count)} queries of the application give something else in the target. ${explanation.text}${sure}`;
      return { ...about, count, disposition: this.#disposition, detail };
    });
    return [...differing, ...this.#slowerFindings()];
  }

  proven(): Proven[] {
    const { equal = 0, different = 0, not_replayed: not = 0, 'equal:synthetic': sampled = 0 } = this.counts();
    if (equal === 0) return [];
    const values = sampled === 0 ? '' : `; the values of ${String(sampled)} of them were sampled`;
    return [
      {
        what: `${String(equal)} of ${String(equal + different)} (${shareOf(equal, equal + different)} %) different recorded queries of the application give the same in the target (${String(not)} more were not replayed)${values}`,
        how: 'Each was run on the source, at its position, and its translation on the target; the answers were compared as lists where ORDER BY fixes the order, as multisets where it does not.',
      },
    ];
  }

  notProven(): string[] {
    const counts = this.counts();
    const differing = [...this.#rules].map(
      ([rule, { count }]) => `${String(count)} recorded queries give something else in the target (${rule}).`,
    );
    const left = Object.entries(counts).flatMap(([name, count]) =>
      name.startsWith('not_replayed:')
        ? [`${String(count)} recorded queries were not replayed (${name.slice('not_replayed:'.length)}).`]
        : [],
    );
    return [...differing, ...left];
  }

  #slowerFindings(): Finding[] {
    const worst = this.#slower.toSorted((one, other) => other.factor - one.factor || (one.id < other.id ? -1 : 1));
    const about = { code: 'query_slower', kind: 'behavioural', disposition: 'listed' } as const;
    const single = worst.slice(0, SLOWER_MAX).map(({ id, factor }): Finding => {
      const detail = `The query takes ${String(factor)} times as long in the target; both plans are in the report.`;
      return { ...about, id: `query_slower:${id}`, object: `query ${id}`, count: 1, detail };
    });
    const more = worst.length - single.length;
    if (more <= 0) return single;
    const detail = `${String(more)} more queries take more than three times as long in the target.`;
    return [...single, { ...about, id: 'query_slower:(more)', object: `(${String(more)} more)`, count: more, detail }];
  }

  #count(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  #explained(explanation: Explanation): void {
    const rule = `${explanation.class}: ${explanation.rule}`;
    const known = this.#rules.get(rule);
    if (known === undefined) this.#rules.set(rule, { explanation, count: 1 });
    else known.count += 1;
  }
}
