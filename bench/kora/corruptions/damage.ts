import { CORRUPTIONS, ROWS } from './kinds.js';
import type { Corruption } from './kinds.js';

/** Rows that each corruption is done to. */
export const TIMES = 6;

/** The same numbers for the same seed (mulberry32). */
function numbersFrom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Done {
  readonly corruption: Corruption;
  readonly ids: readonly number[];
}

/** Each corruption on rows of its own, by chance. */
export function drawn(seed: number): Done[] {
  const random = numbersFrom(seed);
  const free = Array.from({ length: ROWS }, (_, at) => at + 1).toSorted(() => random() - 0.5);
  const demanding = CORRUPTIONS.toSorted(
    (one, other) => Number(one.fits === undefined) - Number(other.fits === undefined),
  );
  return demanding.flatMap((corruption) =>
    Array.from({ length: TIMES }, (): Done => {
      const { rows = 1, fits = () => true } = corruption;
      const ids = free.filter(fits).slice(0, rows);
      for (const id of ids) free.splice(free.indexOf(id), 1);
      return { corruption, ids };
    }),
  );
}

/** What is done to whole rows, of tables with and without a key. */
export const ROW_DAMAGE = `
  INSERT INTO plain SELECT * FROM plain WHERE number <= ${String(TIMES)};
  INSERT INTO plain VALUES ('not there', 1, 'before');
  DELETE FROM plain WHERE number = 30;
  INSERT INTO client SELECT 1000 + n, 'extra', 'row', 'note', 0, n, n, true, now(), now(), '', 'extra ' || n FROM generate_series(1, ${String(TIMES)}) n;
  ALTER TABLE item DROP CONSTRAINT item_pkey;
  INSERT INTO item SELECT * FROM item WHERE order_id <= ${String(TIMES)};
  SELECT setval(pg_get_serial_sequence('client', 'id'), 5000)`;

/** Its findings beside those in the table of the corrupted values, "code object count". */
export const ROW_FINDINGS = [
  `duplicated_rows main.item ${String(TIMES)}`,
  `duplicated_rows main.plain ${String(TIMES)}`,
  'extra_rows main.plain 1',
  'lost_rows main.plain 1',
  'primary_key_missing main.item.item_pkey 1',
];

/** An entry of `caravan values list --json`. */
export interface Entry {
  readonly table: string;
  readonly key: Readonly<Record<string, { readonly text: string }>>;
  readonly column: string | null;
  readonly rule: string;
}

/** Of the corrupted table: "class column key", as they must be found, sorted. */
export function expectedEntries(done: readonly Done[]): string[] {
  const extra = Array.from({ length: TIMES }, (_, at) => `extra_rows - ${String(1001 + at)}`);
  const damaged = done.flatMap(({ corruption: { code, column = '-' }, ids }) =>
    ids.map((id) => `${code} ${column} ${String(id)}`),
  );
  return [...damaged, ...extra].toSorted();
}

export function foundEntries(entries: readonly Entry[]): string[] {
  return entries
    .filter(({ table }) => table === 'main.client')
    .map(({ rule, column, key }) => `${rule} ${column ?? '-'} ${key['id']?.text ?? ''}`)
    .toSorted();
}
