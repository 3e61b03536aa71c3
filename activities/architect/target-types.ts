import { PLACES } from '../../contracts/mapping.js';
import type { ColumnMapping, Operator, ValueKind } from '../../contracts/mapping.js';

const FRACTION = '(?:\\([0-6]\\))?';
const TYPES: readonly { readonly pattern: RegExp; readonly kinds: readonly ValueKind[] }[] = [
  { pattern: /^(?:smallint|integer|bigint)$/, kinds: ['integer'] },
  { pattern: /^numeric(?:\((\d{1,4})(?:,\s?(\d{1,4}))?\))?$/, kinds: ['decimal', 'integer'] },
  { pattern: /^real$/, kinds: ['float4'] },
  { pattern: /^double precision$/, kinds: ['float8', 'float4'] },
  { pattern: /^boolean$/, kinds: ['boolean'] },
  { pattern: /^text$/, kinds: ['text', 'enum'] },
  { pattern: /^varchar(?:\((\d{1,8})\))?$/, kinds: ['text', 'enum'] },
  { pattern: /^character\((\d{1,8})\)$/, kinds: ['text', 'enum'] },
  { pattern: /^citext$/, kinds: ['text', 'enum'] },
  { pattern: /^bytea$/, kinds: ['bytes', 'geometry'] },
  { pattern: PLACES.pattern, kinds: ['geometry'] },
  { pattern: /^date$/, kinds: ['date'] },
  { pattern: new RegExp(`^timestamp${FRACTION}$`), kinds: ['timestamp'] },
  { pattern: new RegExp(`^timestamptz${FRACTION}$`), kinds: ['timestamptz'] },
  { pattern: new RegExp(`^time${FRACTION}$`), kinds: ['time'] },
  { pattern: new RegExp(`^interval${FRACTION}$`), kinds: ['interval'] },
  { pattern: /^jsonb?$/, kinds: ['json'] },
  { pattern: /^text\[\]$/, kinds: ['text_array'] },
  { pattern: /^bit\((\d{1,2})\)$/, kinds: ['bit'] },
  { pattern: /^uuid$/, kinds: ['uuid'] },
  { pattern: /^inet$/, kinds: ['inet'] },
];

function sizeProblem(type: string): string | undefined {
  const [first, second] = [...type.matchAll(/\d+/g)].map((match) => Number(match[0]));
  if (type.startsWith('numeric') && first !== undefined) {
    if (first < 1 || first > 1000) return 'a precision is between 1 and 1000';
    if ((second ?? 0) > first) return 'a scale is not greater than its precision';
  }
  if (type.startsWith('varchar') && first !== undefined && (first < 1 || first > 10_485_760)) {
    return 'a length is between 1 and 10485760';
  }
  if (type.startsWith('bit') && (first === undefined || first < 1 || first > 64))
    return 'a bit string has 1 to 64 bits';
  return undefined;
}

/** Why a target type cannot be; undefined for one of the grammar, or one that the plan makes. */
export function typeProblem(column: ColumnMapping, madeTypes: ReadonlySet<string>): string | undefined {
  if (madeTypes.has(column.type)) {
    return column.kind === 'enum' ? undefined : `a type made by the plan holds values of kind enum, not ${column.kind}`;
  }
  const entry = TYPES.find(({ pattern }) => pattern.test(column.type));
  if (!entry) return `"${column.type}" is no type that a plan may name`;
  if (!entry.kinds.includes(column.kind)) return `the kind ${column.kind} does not fit the type ${column.type}`;
  return sizeProblem(column.type);
}

const KINDS_OF: Readonly<Record<Operator['op'], readonly ValueKind[] | undefined>> = {
  as_is: undefined,
  to_boolean: ['boolean'],
  to_bytea: ['bytes'],
  split_comma: ['text_array'],
  to_ewkb: ['geometry'],
  to_bits: ['bit'],
  from_unix_seconds: ['timestamp', 'timestamptz', 'date'],
  parse_datetime: ['date', 'timestamp', 'timestamptz', 'time'],
  trim: ['text'],
  lower: ['text'],
  upper: ['text'],
  empty_to_null: ['text'],
  replace: ['text'],
  decode: ['text'],
};
/** Kinds whose text in the source is not their text in the target. */
const NEEDS: Readonly<Partial<Record<ValueKind, readonly Operator['op'][]>>> = {
  bytes: ['to_bytea'],
  boolean: ['to_boolean'],
  text_array: ['split_comma'],
  bit: ['to_bits'],
  geometry: ['to_ewkb'],
};

/** Why a transform cannot make values of the column's kind. */
export function transformProblem(column: ColumnMapping): string | undefined {
  for (const step of column.transform) {
    const kinds = KINDS_OF[step.op];
    if (kinds && !kinds.includes(column.kind))
      return `the operator ${step.op} does not make values of kind ${column.kind}`;
    if (step.op === 'to_bits' && column.type !== `bit(${String(step.width)})`)
      return 'to_bits has another width than the type';
  }
  const needed = NEEDS[column.kind];
  if (needed && !column.transform.some((step) => needed.includes(step.op))) {
    return `values of kind ${column.kind} need the operator ${needed.join(' or ')}`;
  }
  return undefined;
}
