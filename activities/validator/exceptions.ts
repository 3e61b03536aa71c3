import type { TableMapping } from '../../contracts/mapping.js';
import { STORED } from '../../contracts/record.js';
import type { RowExceptions } from '../../databases/target.js';
import { expectedRow, framed, NULL_FIELD } from './expected-row.js';
import type { CanonicalField } from './expected-row.js';
import { replacementsOf } from './replacements.js';
import { rewritings } from './rewriting.js';

/** What the ledgers say of the rows of one identity. */
interface Ledgered {
  /** Rules of columns, by their place in the mapping, that are stored otherwise; -1 for one that it does not have. */
  readonly changed: ReadonlyMap<number, string>;
  /** Entries of the quarantine. */
  readonly quarantined: number;
  /** Source rows that each kind of entry must account for; undefined where the kinds disagree. */
  readonly entries: number | undefined;
  seen: number;
}

const UNCHANGED: ReadonlyMap<number, string> = new Map();
/** Causes that only a value without a canonical form has. */
const FORMLESS = new Set(['zero_date', 'impossible_date', 'nul_character', 'invalid_utf8']);

/**
 * The exceptions of a chunk, held against the source's rows as they are read. Every entry must belong to a row of the
 * source, and rows of one identity must have as many entries as there are of them: an entry too many or too few, or
 * one of a value that is NULL in the source anyway, makes the chunk differ. So does a text that the plan rewrites and
 * that has no entry.
 */
export class ChunkExceptions {
  quarantined = 0;
  readonly #byIdentity = new Map<string, Ledgered>();
  readonly #rewritings;
  readonly #replacements;
  #areTrue = true;

  constructor(table: TableMapping, found: ReadonlyMap<string, RowExceptions>) {
    const places = new Map(table.columns.map((column, index) => [column.target, index]));
    this.#rewritings = rewritings(table);
    this.#replacements = table.columns.map(replacementsOf);
    for (const [identity, { changed, quarantined }] of found) {
      const counts = new Set([...changed.values()].map(({ count }) => count));
      if (quarantined > 0) counts.add(quarantined);
      this.#byIdentity.set(identity, {
        changed: new Map([...changed].map(([column, { rule }]) => [places.get(column) ?? -1, rule])),
        quarantined,
        entries: counts.size === 1 ? [...counts][0] : undefined,
        seen: 0,
      });
    }
  }

  /** Rows stand in the target as they are. */
  get isEmpty(): boolean {
    return this.#byIdentity.size === 0 && this.#rewritings.every((rewriting) => rewriting === undefined);
  }

  /** The row as it must stand in the target; undefined: it is in quarantine. */
  expect(identity: string, row: Buffer): Buffer | undefined {
    const ledgered = this.#byIdentity.get(identity);
    if (ledgered !== undefined) ledgered.seen += 1;
    if (ledgered !== undefined && ledgered.quarantined > 0) {
      this.quarantined += 1;
      // A row that is stored nowhere has no values that are stored as NULL.
      this.#areTrue &&= ledgered.changed.size === 0;
      return undefined;
    }
    const changed = ledgered?.changed ?? UNCHANGED;
    let met = 0;
    const expected = expectedRow(row, (field, column) => {
      const rule = changed.get(column);
      if (rule === undefined) return this.#isRewritten(field, column) ? undefined : field.framed;
      met += 1;
      return field.state === 'null' ? undefined : this.#stored(field, column, rule);
    });
    this.#areTrue &&= expected !== undefined && met === changed.size;
    return expected ?? row;
  }

  /** After all rows: are there exactly the rows that the entries tell of? */
  areTrue(): boolean {
    return this.#areTrue && [...this.#byIdentity.values()].every(({ entries, seen }) => entries === seen);
  }

  #isRewritten({ state, bytes }: CanonicalField, column: number): boolean {
    if (state === 'null') return false;
    const text = this.#rewritings[column]?.(bytes);
    return text === null || (text !== undefined && !text.equals(bytes));
  }

  /** What an entry says is stored; undefined where it cannot be so. */
  #stored(field: CanonicalField, column: number, rule: string): Buffer | undefined {
    if (rule === '') return undefined;
    if (rule.startsWith(STORED.replaced)) {
      const cause = rule.slice(STORED.replaced.length);
      const form = this.#replacements[column]?.get(cause);
      if (form === undefined || (FORMLESS.has(cause) && field.state !== 'odd')) return undefined;
      return framed(form);
    }
    if (!rule.startsWith(STORED.rewritten)) return NULL_FIELD;
    if (!this.#isRewritten(field, column)) return undefined;
    const text = this.#rewritings[column]?.(field.bytes) ?? null;
    return text === null ? NULL_FIELD : framed(text);
  }
}
