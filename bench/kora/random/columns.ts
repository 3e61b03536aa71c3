import fc from 'fast-check';

/** One column of a random table: how it is declared, what stands in it, and how the target must print that. */
export interface RandomColumn {
  readonly name: string;
  readonly declared: string;
  /** SQL of each row's value in the source's own words. */
  readonly literals: readonly string[];
  /** What the target must print of each row, by `printed`; null is SQL's NULL. */
  readonly expected: readonly (string | null)[];
  /** SQL of the value's text in the target, of the quoted column. */
  readonly printed: (column: string) => string;
}

export interface RandomTable {
  readonly name: string;
  readonly columns: readonly RandomColumn[];
  readonly rows: number;
  /** Of a column `id` that numbers the rows; null: the table has no key. */
  readonly key: 'id' | null;
}

/** A type of a source: what may stand in it, and what it becomes. Knows nothing of how the product maps it. */
export interface Kind {
  readonly declared: string;
  readonly values: fc.Arbitrary<Value>;
  readonly printed?: (column: string) => string;
}

export interface Value {
  readonly literal: string;
  readonly text: string;
}

/** Names that a careless tool stumbles over; each is 63 bytes at most. */
export const NAMES = [
  ...[
    'plain',
    'Order',
    'order by',
    'user',
    'a"b',
    "it's",
    'naïve',
    '表',
    'tab\there',
    'x;y',
    '%s',
    '$1',
    'é'.repeat(20),
  ],
  ...['CamelCase', 'with.dot', '-dash-', '9lives', 'select', 'back\\slash', 'back`tick', ' starts', '🫡', '?', ':name'],
];

export const identifier = (side: '"' | '`', name: string): string => side + name.replaceAll(side, side + side) + side;

export const hexOf = (text: string): string => Buffer.from(text, 'utf8').toString('hex');

/** Texts of well-formed Unicode without NUL, of so many code points at most. */
export function unicode(maxLength: number): fc.Arbitrary<string> {
  const point = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(0x09, 0x0a, 0x0d, 0x5c, 0x27, 0x22, 0x08, 0x1f, 0x7f, 0xa0, 0xfeff, 0x200b),
    },
    { weight: 2, arbitrary: fc.integer({ min: 0xa1, max: 0xd7ff }) },
    { weight: 1, arbitrary: fc.integer({ min: 0xe000, max: 0xffef }) },
    { weight: 1, arbitrary: fc.integer({ min: 0x10000, max: 0x10ffff }) },
  );
  return fc.array(point, { maxLength }).map((points) => String.fromCodePoint(...points));
}

const DAY_MS = 86_400_000;

/** Days as yyyy-mm-dd, from one year to another. */
export function days(from: number, to: number): fc.Arbitrary<string> {
  const day = (year: number, month: number, date: number): number => Date.UTC(year, month, date) / DAY_MS;
  return fc
    .integer({ min: day(from, 0, 1), max: day(to, 11, 31) })
    .map((at) => new Date(at * DAY_MS).toISOString().slice(0, 10));
}

/** A time of day hh:mm:ss with so many digits of seconds. */
export function clock(digits: number): fc.Arbitrary<string> {
  const two = (value: number): string => String(value).padStart(2, '0');
  return fc.tuple(fc.nat(23), fc.nat(59), fc.nat(59), fc.nat(10 ** digits - 1)).map(([h, m, s, part]) => {
    const seconds = `${two(h)}:${two(m)}:${two(s)}`;
    return digits === 0 ? seconds : `${seconds}.${String(part).padStart(digits, '0')}`;
  });
}

/** As PostgreSQL prints seconds: without zeros at the end. */
export const shortSeconds = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);

/** A number of so many digits, `scale` of them behind the point, as text. */
export function decimals(precision: number, scale: number): fc.Arbitrary<string> {
  const most = 10n ** BigInt(precision) - 1n;
  return fc.bigInt({ min: -most, max: most }).map((unscaled) => {
    const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
    const sign = unscaled < 0n ? '-' : '';
    return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  });
}

/** Doubles that every engine holds: no NaN, no infinity, no minus zero, nothing below the normal range. */
export const doubles: fc.Arbitrary<number> = fc
  .double({ noNaN: true, noDefaultInfinity: true })
  .filter((value) => (value === 0 ? !Object.is(value, -0) : Math.abs(value) > 1e-300));

export const floats: fc.Arbitrary<number> = fc
  .float({ noNaN: true, noDefaultInfinity: true })
  .filter((value) => (value === 0 ? !Object.is(value, -0) : Math.abs(value) > 1e-37));

/** The bits of a floating point number, so that no two printers have to agree. */
export const bitsOf64 = (value: number): string => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString('hex');
};
export const bitsOf32 = (value: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatBE(value);
  return bytes.toString('hex');
};
export const bits64 = (column: string): string => `encode(float8send(${column}), 'hex')`;
export const bits32 = (column: string): string => `encode(float4send(${column}), 'hex')`;
export const utf8 = (column: string): string => `encode(convert_to(${column}::text, 'UTF8'), 'hex')`;
export const hexed = (column: string): string => `encode(${column}, 'hex')`;

function columnOf(kind: Kind, rows: number): fc.Arbitrary<Omit<RandomColumn, 'name'>> {
  return fc.boolean().chain((nullable) => {
    const value = nullable ? fc.option(kind.values, { freq: 4, nil: null }) : kind.values;
    return fc.array(value, { minLength: rows, maxLength: rows }).map((values) => ({
      declared: `${kind.declared}${nullable ? '' : ' NOT NULL'}`,
      literals: values.map((each) => each?.literal ?? 'NULL'),
      expected: values.map((each) => each?.text ?? null),
      printed: kind.printed ?? ((column) => `${column}::text`),
    }));
  });
}

function tableOf(name: string, kinds: readonly Kind[], naming: readonly string[]): fc.Arbitrary<RandomTable> {
  return fc
    .record({
      rows: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 40 })),
      key: fc.constantFrom('id' as const, 'id' as const, null),
      chosen: fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 7 }),
      names: fc.uniqueArray(fc.constantFrom(...naming), { minLength: 7, maxLength: 7 }),
    })
    .chain(({ rows, key, chosen, names }) =>
      fc.tuple(...chosen.map((kind) => columnOf(kind, rows))).map((columns) => ({
        name,
        rows,
        key,
        columns: columns.map((column, at) => ({ ...column, name: names[at] ?? '' })),
      })),
    );
}

/** Tables of columns of these kinds. */
export function databases(kinds: readonly Kind[], naming: readonly string[] = NAMES): fc.Arbitrary<RandomTable[]> {
  return fc
    .uniqueArray(fc.constantFrom(...naming), { minLength: 4, maxLength: 8 })
    .chain((names) => fc.tuple(...names.map((name) => tableOf(name, kinds, naming))));
}

/** The statements that make the tables in a source. */
export function statementsOf(tables: readonly RandomTable[], quote: '"' | '`', keyType: string): string[] {
  return tables.flatMap(({ name, columns, rows, key }) => {
    const table = identifier(quote, name);
    const list = columns.map((column) => `${identifier(quote, column.name)} ${column.declared}`);
    const made = [...(key === null ? [] : [`${identifier(quote, key)} ${keyType}`]), ...list].join(', ');
    const values = Array.from({ length: rows }, (_, row) => {
      const literals = columns.map((column) => column.literals[row] ?? 'NULL');
      return `(${[...(key === null ? [] : [String(row + 1)]), ...literals].join(', ')})`;
    });
    return [
      `CREATE TABLE ${table} (${made})`,
      ...(rows === 0 ? [] : [`INSERT INTO ${table} VALUES ${values.join(',\n')}`]),
    ];
  });
}

/** The rows that must stand in the target, each as one JSON text, in the order of texts. */
export function expectedRows({ columns, rows, key }: RandomTable): string[] {
  return Array.from({ length: rows }, (_, row) =>
    JSON.stringify([
      ...(key === null ? [] : [String(row + 1)]),
      ...columns.map((column) => column.expected[row] ?? null),
    ]),
  ).sort();
}

/** The query that prints them in the target. */
export function printingQuery({ name, columns, key }: RandomTable, schema: string): string {
  const list = columns.map((column) => column.printed(identifier('"', column.name)));
  const all = [...(key === null ? [] : [`${identifier('"', key)}::text`]), ...list];
  return `SELECT ARRAY[${all.join(', ')}]::text[] AS row FROM ${identifier('"', schema)}.${identifier('"', name)}`;
}
