import type { CatalogueColumn, SourceEngine } from '../../../../contracts/catalogue.js';
import type { Operator, ValueKind } from '../../../../contracts/mapping.js';
import type { TypeChoice } from '../choice.js';
import { AS_IS, integerChoice, modifiers, numericChoice, varcharChoice } from '../choice.js';

/** Other spellings of the types that a plan may name. */
const SPELLED: readonly (readonly [RegExp, string])[] = [
  [/^(?:int|int4)$/, 'integer'],
  [/^int2$/, 'smallint'],
  [/^int8$/, 'bigint'],
  [/^decimal\b/, 'numeric'],
  [/^character varying\b/, 'varchar'],
  [/^(?:double|float8)$/, 'double precision'],
  [/^float4$/, 'real'],
  [/^bool$/, 'boolean'],
  [/^timestamp(\(\d\))? with time zone$/, 'timestamptz$1'],
  [/^timestamp(\(\d\))? without time zone$/, 'timestamp$1'],
];

function spelled(type: string): string {
  const plain = type
    .trim()
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .replace(/ ?([(),]) ?/g, '$1')
    .replace(/\)(?=[a-z])/, ') ');
  return SPELLED.reduce((text, [pattern, other]) => text.replace(pattern, other), plain);
}

interface Shape {
  readonly pattern: RegExp;
  readonly kind: ValueKind;
  readonly op?: Operator['op'];
}

const SHAPES: readonly Shape[] = [
  { pattern: /^(?:smallint|integer|bigint)$/, kind: 'integer' },
  { pattern: /^numeric(?:\(\d{1,4}(?:,\d{1,4})?\))?$/, kind: 'decimal' },
  { pattern: /^real$/, kind: 'float4' },
  { pattern: /^double precision$/, kind: 'float8' },
  { pattern: /^boolean$/, kind: 'boolean' },
  { pattern: /^(?:text|varchar(?:\(\d{1,8}\))?)$/, kind: 'text' },
  { pattern: /^bytea$/, kind: 'bytes' },
  { pattern: /^date$/, kind: 'date' },
  { pattern: /^timestamp(?:\([0-6]\))?$/, kind: 'timestamp' },
  { pattern: /^timestamptz(?:\([0-6]\))?$/, kind: 'timestamptz' },
  { pattern: /^time(?:\([0-6]\))?$/, kind: 'time' },
  { pattern: /^interval(?:\([0-6]\))?$/, kind: 'interval' },
  { pattern: /^jsonb?$/, kind: 'json' },
  { pattern: /^text\[\]$/, kind: 'text_array' },
  { pattern: /^bit\([1-9]\d?\)$/, kind: 'bit' },
  { pattern: /^uuid$/, kind: 'uuid' },
];

const PLACES =
  'geometry point linestring polygon multipoint multilinestring multipolygon geometrycollection geomcollection'.split(
    ' ',
  );
const TEXTS = 'char varchar tinytext text mediumtext longtext'.split(' ');
const OF_TEXT: readonly ValueKind[] = [
  'text',
  'json',
  'uuid',
  'integer',
  'decimal',
  'float8',
  'boolean',
  'date',
  'timestamp',
  'timestamptz',
  'time',
  'text_array',
  'bytes',
];

/** What texts of files can become: of a moment without a zone nobody knows the instant. */
const OF_FILES = OF_TEXT.filter((kind) => !['timestamptz', 'time', 'text_array', 'bytes'].includes(kind));

/** What values of a MySQL type can become, so that copy and proof both know their form. */
const MYSQL: readonly (readonly [readonly string[], readonly ValueKind[]])[] = [
  ['tinyint bool boolean smallint mediumint int integer bigint'.split(' '), ['integer', 'decimal', 'boolean', 'text']],
  [['year'], ['integer', 'decimal']],
  ['decimal numeric dec fixed'.split(' '), ['decimal', 'integer', 'text']],
  ['float double real'.split(' '), ['float8', 'float4', 'decimal']],
  [TEXTS, OF_TEXT],
  [['enum'], ['text']],
  [['set'], ['text', 'text_array']],
  [['json'], ['json', 'text']],
  [['date'], ['date', 'timestamp', 'timestamptz', 'text']],
  [
    ['datetime', 'timestamp'],
    ['timestamp', 'timestamptz', 'date', 'text'],
  ],
  [['time'], ['time', 'interval', 'text']],
  [['bit'], ['bit', 'integer', 'decimal', 'boolean']],
  ['binary varbinary tinyblob blob mediumblob longblob'.split(' '), ['bytes', 'text', 'json', 'uuid']],
  [['uuid'], ['uuid', 'text']],
  ['inet4 inet6'.split(' '), ['text']],
  [PLACES, ['geometry']],
];

function isPlace(engine: SourceEngine, { type }: CatalogueColumn): boolean {
  return OF_MYSQL.has(engine) && PLACES.includes(type.base.toLowerCase());
}

const OF_MYSQL: ReadonlySet<SourceEngine> = new Set(['mysql', 'mariadb']);

function allowedKinds(engine: SourceEngine, { type }: CatalogueColumn): readonly ValueKind[] {
  if (engine === 'sqlite') return SHAPES.map(({ kind }) => kind).filter((kind) => kind !== 'interval');
  if (engine === 'csv') return OF_FILES;
  // Only where copy and proof were shown to know the way.
  if (!OF_MYSQL.has(engine)) return [];
  const base = type.base.toLowerCase().replace(/\s*\/\*.*$/, '');
  const kinds = MYSQL.find(([bases]) => bases.includes(base))?.[1] ?? [];
  const isDecimal = /^(?:dec|numeric|fixed)/.test(base);
  return kinds.filter((kind) => {
    // "12.00" is no integer by its text.
    if (kind === 'integer' && isDecimal) return (modifiers(type)[1] ?? type.scale ?? 0) === 0;
    // The copy reads such a number without the zeros in front of it, and the proof with them.
    return kind !== 'text' || !/zerofill/i.test(type.declared);
  });
}

function operatorsFor(kind: ValueKind, type: string, engine: SourceEngine): readonly Operator[] {
  switch (kind) {
    case 'boolean':
      return [{ op: 'to_boolean' }];
    case 'bytes':
      return [{ op: 'to_bytea' }];
    case 'text_array':
      return [{ op: 'split_comma' }];
    case 'bit':
      return [{ op: 'to_bits', width: Number(/\d+/.exec(type)?.[0] ?? 1) }];
    case 'date':
    case 'timestamp':
    case 'timestamptz':
    case 'time':
      return engine === 'sqlite' ? [{ op: 'parse_datetime' }] : AS_IS;
    default:
      return AS_IS;
  }
}

/** The choice that a cast makes, or why there can be none. */
export function castTo(
  wanted: string,
  column: CatalogueColumn,
  engine: SourceEngine,
): { readonly choice: TypeChoice } | { readonly problem: string } {
  const type = spelled(wanted);
  const shape = SHAPES.find(({ pattern }) => pattern.test(type));
  if (shape === undefined) return { problem: `"${wanted}" is no type that a plan may name` };
  const kind = shape.kind === 'bytes' && isPlace(engine, column) ? 'geometry' : shape.kind;
  if (!allowedKinds(engine, column).includes(kind)) {
    return { problem: `values of the type ${column.type.declared || '(none)'} have no proven way to ${type}` };
  }
  const reasons = ['the mapping file says so'];
  // Their EWKB, whatever the target has.
  if (kind === 'geometry')
    return { choice: { type, kind, transform: [{ op: 'to_ewkb' }], limits: {}, confidence: 1, reasons } };
  const [first, second] = modifiers({ base: '', declared: type });
  if (kind === 'integer') return { choice: integerChoice(type as 'smallint' | 'integer' | 'bigint', { reasons }) };
  if (kind === 'decimal') return sized(numericChoice(first, second ?? 0, reasons), type);
  if (kind === 'text') return sized(varcharChoice(first, reasons), type);
  if (kind === 'bit' && (first ?? 0) > 64) return { problem: 'a bit string has 1 to 64 bits' };
  const limits = kind === 'boolean' ? { min: '0', max: '1' } : {};
  return { choice: { type, kind, transform: operatorsFor(kind, type, engine), limits, confidence: 1, reasons } };
}

/** A size that PostgreSQL does not take makes another type, which nobody asked for. */
function sized(choice: TypeChoice, type: string): ReturnType<typeof castTo> {
  const same = choice.type === type || choice.type === type.replace(',0)', ')');
  return same ? { choice } : { problem: `PostgreSQL has no ${type}` };
}
