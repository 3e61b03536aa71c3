import { couponCode, type ShopValue } from './legacy-shop-rows.js';

export type ShopEngine = 'sqlite' | 'mariadb';

/** One kind of dirt in one column. Rows with `index % every === first` get it; rules of one column never meet. */
export interface DirtRule {
  readonly kind: string;
  readonly table: string;
  readonly column: string;
  readonly every: number;
  readonly first: number;
  /** Absent: both engines can hold it. */
  readonly engine?: ShopEngine;
  spoil(value: ShopValue, index: number): ShopValue;
}

/** What an import with the wrong encoding makes of a name: its UTF-8 bytes, read as windows-1252. */
function doubleEncoded(text: string): string {
  return new TextDecoder('windows-1252').decode(Buffer.from(text));
}

const mojibake = (at: { table: string; column: string }, name: string, every: number): DirtRule => ({
  ...{ kind: 'mojibake', ...at, every, first: 5 },
  spoil: () => doubleEncoded(name),
});

const dates = (table: string, column: string, every: number): DirtRule[] => [
  { kind: 'zero_date', table, column, every, first: 1, spoil: () => '0000-00-00' },
  // MariaDB would make it a zero date.
  { kind: 'impossible_date', table, column, every, first: 2, engine: 'sqlite', spoil: () => '2019-02-30' },
];

export const DIRT: readonly DirtRule[] = [
  mojibake({ table: 'customers', column: 'first_name' }, 'Jürgen', 120),
  mojibake({ table: 'customers', column: 'last_name' }, 'Schröder', 150),
  mojibake({ table: 'addresses', column: 'city' }, 'Kraków', 400),
  mojibake({ table: 'suppliers', column: 'name' }, 'Lefèvre S.A.', 80),
  ...dates('customers', 'birth_date', 250),
  ...dates('shipments', 'delivered_on', 500),
  {
    ...{ kind: 'number_in_text', table: 'customers', column: 'loyalty_points', every: 7, first: 3 },
    spoil: (_value, index) => `00${String(index % 900)}`,
  },
  {
    ...{ kind: 'text_in_number', table: 'customers', column: 'credit_limit', every: 500, first: 9, engine: 'sqlite' },
    spoil: () => 'n/a',
  },
  {
    ...{ kind: 'text_in_number', table: 'order_lines', column: 'discount', every: 2500, first: 11, engine: 'sqlite' },
    spoil: () => '10 %',
  },
  {
    ...{ kind: 'orphan', table: 'order_lines', column: 'order_id', every: 1000, first: 13 },
    spoil: (_value, index) => 90_000_000 + index,
  },
  {
    ...{ kind: 'check_violated', table: 'order_lines', column: 'quantity', every: 4000, first: 17 },
    spoil: (_value, index) => 0 - (index % 3),
  },
  {
    ...{ kind: 'nul_character', table: 'customers', column: 'notes', every: 1000, first: 19 },
    spoil: () => 'called back\0 twice',
  },
  {
    ...{ kind: 'invalid_utf8', table: 'customers', column: 'notes', every: 1000, first: 23, engine: 'sqlite' },
    // Bytes in a text column: the builder stores them as TEXT.
    spoil: () => Buffer.from('Rechnung \x96 siehe Br\xfccke', 'latin1'),
  },
  {
    ...{ kind: 'case_duplicate', table: 'coupons', column: 'code', every: 20, first: 7 },
    spoil: (_value, index) => couponCode(index - 1).toLowerCase(),
  },
  {
    ...{ kind: 'not_a_boolean', table: 'customers', column: 'newsletter', every: 800, first: 29 },
    spoil: () => 2,
  },
  {
    // Not a label: with sql_mode = '' MariaDB stores the empty string under number 0.
    ...{ kind: 'bad_label', table: 'orders', column: 'status', every: 3000, first: 31, engine: 'mariadb' },
    spoil: () => 'lost',
  },
];
