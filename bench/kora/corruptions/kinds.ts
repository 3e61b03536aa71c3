import type { FindingCode } from '../../../contracts/migration.js';

/** A source in which every row can be corrupted in every way, and what is done to its copies. */
export const ROWS = 400;
const PLAIN_ROWS = 60;

const two = (number: number): string => String(number).padStart(2, '0');

/** Texts in other scripts and cases, decimals with four digits, clocks with microseconds, NULLs in one row of five. */
function clientRow(id: number): string {
  const month = 1 + (id % 12);
  const day = 1 + ((id + 5) % 12);
  const clock = `${two(10 + (id % 9))}:${two(id % 60)}:${two((id * 7) % 60)}`;
  const cells = [
    String(id),
    `'Client Number ${String(id)} Of Many'`,
    `'Köln-Müngersdorf ${String(id)}, Straße'`,
    id % 5 === 0 ? 'NULL' : `'note on ${String(id * 31)} things'`,
    `${String(id * 13 + 7)}.${String(1000 + ((id * 37) % 80) * 100 + 1 + (id % 98))}`,
    String(3_000_000_000 + id * 17),
    String((id + 0.123456789) / 7),
    String(id % 2),
    `'19${two(40 + (id % 50))}-${two(month)}-${two(day)}'`,
    `'2024-03-${two(1 + (id % 27))} ${clock}.123456'`,
    `x'${String(id).padStart(4, '0')}deadbeef00112233'`,
    `'code-${String(id)}'`,
  ];
  return `(${cells.join(', ')})`;
}

function listed(count: number, row: (at: number) => string): string {
  return Array.from({ length: count }, (_, at) => row(at + 1)).join(',\n');
}

export const SOURCE = `
  CREATE TABLE client (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(60) NOT NULL DEFAULT 'nobody', city TEXT NOT NULL, note TEXT,
    balance DECIMAL(12,4) NOT NULL DEFAULT 0, amount BIGINT NOT NULL, ratio DOUBLE, active BOOLEAN NOT NULL DEFAULT 1,
    born DATE, seen DATETIME, photo BLOB, code VARCHAR(20) NOT NULL UNIQUE,
    CONSTRAINT balance_is_sane CHECK (balance > -1000000));
  CREATE INDEX client_by_name ON client (name);
  CREATE INDEX client_by_city ON client (city, born DESC);
  CREATE TABLE orders (
    id INTEGER PRIMARY KEY AUTOINCREMENT, client_id INTEGER NOT NULL REFERENCES client (id) ON DELETE CASCADE,
    total DECIMAL(10,2) NOT NULL, state VARCHAR(12) NOT NULL DEFAULT 'new', CONSTRAINT total_is_positive CHECK (total >= 0));
  CREATE INDEX orders_by_client ON orders (client_id);
  CREATE TABLE item (
    order_id INTEGER NOT NULL REFERENCES orders (id), line INTEGER NOT NULL, label TEXT NOT NULL, PRIMARY KEY (order_id, line));
  CREATE TABLE plain (label TEXT NOT NULL, number INTEGER NOT NULL, word TEXT);
  CREATE TABLE spare (id INTEGER PRIMARY KEY, word TEXT UNIQUE,
    CONSTRAINT id_is_small CHECK (id BETWEEN 0 AND 99), CONSTRAINT word_is_long CHECK (length(word) > 3));
  CREATE TABLE tag (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders (id));
  CREATE TABLE gone (id INTEGER PRIMARY KEY);
  INSERT INTO client VALUES ${listed(ROWS, clientRow)};
  INSERT INTO orders VALUES ${listed(120, (id) => `(${String(id)}, ${String(id)}, ${String(id)}.25, 'state ${String(id % 4)}')`)};
  INSERT INTO item VALUES ${listed(120, (id) => `(${String(id)}, ${String(1 + (id % 3))}, 'label of ${String(id)}')`)};
  INSERT INTO plain VALUES ${listed(PLAIN_ROWS, (id) => `('plain ${String(id)}', ${String(id)}, 'word ${String(id % 7)}')`)};
  INSERT INTO spare VALUES ${listed(20, (id) => `(${String(id)}, 'spare ${String(id)}')`)};`;

/** What is done to one or two rows, and how it must be found. */
export interface Corruption {
  readonly name: string;
  readonly sql: (ids: readonly number[]) => string;
  readonly code: FindingCode;
  /** Column of `client`; absent: the row. */
  readonly column?: string;
  /** Rows that it takes; default 1. */
  readonly rows?: number;
  /** Only rows that it can be done to. */
  readonly fits?: (id: number) => boolean;
}

const hasNote = (id: number): boolean => id % 5 !== 0;

function set(column: string, value: string): Pick<Corruption, 'sql' | 'column'> {
  return { column, sql: ([id]) => `UPDATE client SET ${column} = ${value} WHERE id = ${String(id)}` };
}

/** Exchanges columns of two rows. */
function swap(columns: readonly string[]): Pick<Corruption, 'sql' | 'rows'> {
  return {
    rows: 2,
    sql: ([one, other]) =>
      `UPDATE client c SET ${columns.map((name) => `${name} = o.${name}`).join(', ')} FROM client o
        WHERE (c.id, o.id) IN ((${String(one)}, ${String(other)}), (${String(other)}, ${String(one)}))`,
  };
}

export const CORRUPTIONS: readonly Corruption[] = [
  { name: 'a value becomes NULL', code: 'null_made', fits: hasNote, ...set('note', 'NULL') },
  { name: 'NULL becomes a value', code: 'null_lost', fits: (id) => !hasNote(id), ...set('note', `''`) },
  { name: 'a text is cut', code: 'truncated', ...set('name', 'left(name, 9)') },
  { name: 'a text becomes empty', code: 'truncated', fits: hasNote, ...set('note', `''`) },
  { name: 'letters change case', code: 'case_changed', ...set('name', 'upper(name)') },
  { name: 'letters beyond ASCII change case', code: 'case_changed', ...set('city', `replace(city, 'ö', 'Ö')`) },
  { name: 'a text is padded', code: 'trailing_blanks', ...set('name', `name || '   '`) },
  {
    name: 'UTF-8 is taken for Latin-1',
    code: 'encoding_damaged',
    ...set('city', `convert_from(convert_to(city, 'UTF8'), 'LATIN1')`),
  },
  {
    name: 'what is not ASCII becomes a question mark',
    code: 'encoding_damaged',
    ...set('city', `regexp_replace(city, '[^ -~]', '?', 'g')`),
  },
  { name: 'letters are taken apart', code: 'unicode_normalized', ...set('city', 'normalize(city, NFD)') },
  { name: 'another text', code: 'value_differs', fits: hasNote, ...set('note', `'what is this'`) },
  { name: 'a decimal is rounded', code: 'rounded', ...set('balance', 'round(balance, 2)') },
  { name: 'a decimal loses its fraction', code: 'rounded', ...set('balance', 'trunc(balance)') },
  { name: 'a decimal changes its sign', code: 'sign_changed', ...set('balance', '-balance') },
  { name: 'another decimal', code: 'value_differs', ...set('balance', 'balance + 1') },
  { name: 'an integer is cut to 32 bits', code: 'overflowed', ...set('amount', 'amount - 4294967296') },
  { name: 'an integer ends at the greatest', code: 'overflowed', ...set('amount', '2147483647') },
  { name: 'an integer changes its sign', code: 'sign_changed', ...set('amount', '-amount') },
  { name: 'another integer', code: 'value_differs', ...set('amount', 'amount + 1') },
  { name: 'a double goes through a float', code: 'rounded', ...set('ratio', 'ratio::real') },
  { name: 'a double is rounded', code: 'rounded', ...set('ratio', 'round(ratio::numeric, 3)') },
  { name: 'a flag is turned', code: 'value_differs', ...set('active', 'NOT active') },
  {
    name: 'day and month are exchanged',
    code: 'day_month_swapped',
    ...set('born', `to_date(to_char(born, 'YYYY-DD-MM'), 'YYYY-MM-DD')`),
  },
  { name: 'another date', code: 'value_differs', ...set('born', `born + 20`) },
  { name: 'a clock is two hours ahead', code: 'time_zone_shift', ...set('seen', `seen + interval '2 hours'`) },
  {
    name: 'a clock is five and a half hours behind',
    code: 'time_zone_shift',
    ...set('seen', `seen - interval '5 hours 30 minutes'`),
  },
  { name: 'a clock loses its fraction', code: 'rounded', ...set('seen', `date_trunc('second', seen)`) },
  { name: 'a moment loses its clock', code: 'truncated', ...set('seen', `date_trunc('day', seen)`) },
  { name: 'another moment', code: 'value_differs', ...set('seen', `seen + interval '7 seconds'`) },
  { name: 'bytes are cut', code: 'truncated', ...set('photo', 'substring(photo FROM 1 FOR 3)') },
  { name: 'another byte', code: 'value_differs', ...set('photo', `set_byte(photo, 4, 1)`) },
  // Their orders would go with the first ones.
  {
    name: 'a row is lost',
    code: 'lost_rows',
    fits: (id) => id > 120,
    sql: ([id]) => `DELETE FROM client WHERE id = ${String(id)}`,
  },
  {
    name: 'two rows have each other’s values',
    code: 'rows_swapped',
    ...swap(['name', 'city', 'note', 'balance', 'amount', 'ratio', 'active', 'born', 'seen', 'photo']),
  },
  { name: 'two rows have each other’s names', code: 'rows_swapped', ...swap(['name']) },
];

/** What is done to the structure, and the finding that it must make, with its object. */
export const WEAKENED: readonly (readonly [name: string, sql: string, finding: string])[] = [
  ['an index is missing', 'DROP INDEX client_by_name', 'index_missing main.client.client_by_name'],
  [
    'an index of two columns is one of the first',
    'DROP INDEX client_by_city; CREATE INDEX client_by_city ON client (city)',
    'index_missing main.client.client_by_city',
  ],
  [
    'an index is over another column',
    'DROP INDEX orders_by_client; CREATE INDEX orders_by_client ON orders (total)',
    'index_missing main.orders.orders_by_client',
  ],
  [
    'a unique key is missing',
    'ALTER TABLE client DROP CONSTRAINT client_code_key',
    'unique_missing main.client.client_code_key',
  ],
  [
    'a unique key is a plain index',
    'ALTER TABLE spare DROP CONSTRAINT spare_word_key; CREATE INDEX ON spare (word)',
    'unique_missing main.spare.spare_word_key',
  ],
  ['a primary key is missing', 'ALTER TABLE item DROP CONSTRAINT item_pkey', 'primary_key_missing main.item.item_pkey'],
  [
    'a foreign key is missing',
    'ALTER TABLE item DROP CONSTRAINT item_order_id_fkey',
    'foreign_key_missing main.item.item_order_id_fkey',
  ],
  [
    'a foreign key acts otherwise',
    'ALTER TABLE orders DROP CONSTRAINT orders_client_id_fkey; ALTER TABLE orders ADD FOREIGN KEY (client_id) REFERENCES client',
    'foreign_key_differs main.orders.orders_client_id_fkey',
  ],
  [
    'a foreign key never looked at old rows',
    'ALTER TABLE tag DROP CONSTRAINT tag_order_id_fkey; ALTER TABLE tag ADD FOREIGN KEY (order_id) REFERENCES orders NOT VALID',
    'foreign_key_not_valid main.tag.tag_order_id_fkey',
  ],
  [
    'a check is missing',
    'ALTER TABLE client DROP CONSTRAINT balance_is_sane',
    'check_missing main.client.balance_is_sane',
  ],
  [
    'a check lets more in',
    'ALTER TABLE spare DROP CONSTRAINT id_is_small; ALTER TABLE spare ADD CONSTRAINT id_is_small CHECK (id <= 100)',
    'check_differs main.spare.id_is_small',
  ],
  [
    'a check never looked at old rows',
    'ALTER TABLE orders DROP CONSTRAINT total_is_positive; ALTER TABLE orders ADD CONSTRAINT total_is_positive CHECK (total >= 0) NOT VALID',
    'check_not_valid main.orders.total_is_positive',
  ],
  ['NULL is taken', 'ALTER TABLE client ALTER COLUMN city DROP NOT NULL', 'not_null_missing main.client.city'],
  [
    'NULL is taken in a key',
    'ALTER TABLE orders ALTER COLUMN client_id DROP NOT NULL',
    'not_null_missing main.orders.client_id',
  ],
  ['a default is missing', 'ALTER TABLE client ALTER COLUMN name DROP DEFAULT', 'default_missing main.client.name'],
  ['another default', 'ALTER TABLE client ALTER COLUMN active SET DEFAULT false', 'default_differs main.client.active'],
  [
    'another default of a text',
    `ALTER TABLE orders ALTER COLUMN state SET DEFAULT 'old'`,
    'default_differs main.orders.state',
  ],
  [
    'a sequence begins anew',
    `SELECT setval(pg_get_serial_sequence('orders', 'id'), 1, false)`,
    'sequence_behind main.orders.id',
  ],
  ['a sequence is missing', 'ALTER TABLE client ALTER COLUMN id DROP IDENTITY', 'sequence_missing main.client.id'],
  ['a text is shorter', 'ALTER TABLE client ALTER COLUMN code TYPE varchar(12)', 'type_narrower main.client.code'],
  [
    'a decimal has fewer digits',
    'ALTER TABLE orders ALTER COLUMN total TYPE numeric(8,2)',
    'type_narrower main.orders.total',
  ],
  ['a column is missing', 'ALTER TABLE plain DROP COLUMN word', 'missing_column main.plain.word'],
  ['a table is missing', 'ALTER TABLE gone RENAME TO elsewhere', 'missing_table main.gone'],
];
