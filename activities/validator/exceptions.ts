import type { TableMapping } from '../../contracts/mapping.js';
import type { RowExceptions } from '../../databases/target.js';
import { expectedRow } from './expected-row.js';

/** What the ledgers say of the rows of one identity. */
interface Ledgered {
  /** Columns, by their place in the mapping, that are stored as NULL; -1 for one that the mapping does not have. */
  readonly changed: ReadonlySet<number>;
  /** Entries of the quarantine. */
  readonly quarantined: number;
  /** Source rows that each kind of entry must account for; undefined where the kinds disagree. */
  readonly entries: number | undefined;
  seen: number;
}

/**
 * The exceptions of a chunk, held against the source's rows as they are read. Every entry must belong to a row of the
 * source, and rows of one identity must have as many entries as there are of them: an entry too many or too few, or
 * one of a value that is NULL in the source anyway, makes the chunk differ.
 */
export class ChunkExceptions {
  quarantined = 0;
  readonly #byIdentity = new Map<string, Ledgered>();
  #areTrue = true;

  constructor(table: TableMapping, found: ReadonlyMap<string, RowExceptions>) {
    const places = new Map(table.columns.map((column, index) => [column.target, index]));
    for (const [identity, { changed, quarantined }] of found) {
      const counts = new Set([...changed.values(), ...(quarantined > 0 ? [quarantined] : [])]);
      this.#byIdentity.set(identity, {
        changed: new Set([...changed.keys()].map((column) => places.get(column) ?? -1)),
        quarantined,
        entries: counts.size === 1 ? [...counts][0] : undefined,
        seen: 0,
      });
    }
  }

  get isEmpty(): boolean {
    return this.#byIdentity.size === 0;
  }

  /** The row as it must stand in the target; undefined: it is in quarantine. */
  expect(identity: string, row: Buffer): Buffer | undefined {
    const ledgered = this.#byIdentity.get(identity);
    if (ledgered === undefined) return row;
    ledgered.seen += 1;
    if (ledgered.quarantined > 0) {
      this.quarantined += 1;
      // A row that is stored nowhere has no values that are stored as NULL.
      this.#areTrue &&= ledgered.changed.size === 0;
      return undefined;
    }
    const expected = expectedRow(row, ledgered.changed);
    this.#areTrue &&= expected !== undefined;
    return expected ?? row;
  }

  /** After all rows: are there exactly the rows that the entries tell of? */
  areTrue(): boolean {
    return this.#areTrue && [...this.#byIdentity.values()].every(({ entries, seen }) => entries === seen);
  }
}
