import type { ColumnProfile } from '../../../contracts/profile.js';
import type { ChosenType, TypeContext } from './choice.js';
import * as choose from './choosers-sqlite.js';
import type { Chooser, TypeExample, TypeRow } from './type-rows.js';

interface SqliteRow extends TypeRow {
  /** Of the declared type in lower case. */
  readonly matches: RegExp;
}

function row(
  names: string,
  { matches, by }: { readonly matches: RegExp; readonly by: Chooser },
  ...examples: readonly TypeExample[]
): SqliteRow {
  return { names: names.split(', '), matches, choose: by, examples };
}

function holding(
  declared: string,
  words: string,
  storage: readonly [number, number, number, number],
  more: Partial<ColumnProfile> = {},
): TypeExample {
  const [integer, real, text, blob] = storage;
  return { declared, holding: words, profile: { storage: { integer, real, text, blob }, ...more } };
}

const FLAGS = { min: '0', max: '1' };

/** What SQLite's declared types become. The first row that matches decides; from the fifth on they are its own rules of affinity. */
export const SQLITE_TYPES: readonly SqliteRow[] = [
  row(
    'date, datetime, timestamp, timestamptz, time',
    { matches: /^(?:date|datetime|timestamp|timestamptz|time)\b/, by: choose.time },
    holding('DATE', 'dates', [0, 0, 10, 0], { shapes: { date: 1 } }),
    holding('DATETIME', 'dates with times', [0, 0, 10, 0], { shapes: { timestamp: 1 } }),
    holding('DATETIME', 'integers', [10, 0, 0, 0], { min: '1', max: '2' }),
    holding('DATETIME', 'texts that are no dates', [0, 0, 10, 0], { odd: { impossible_date: 10 } }),
    holding('TIME', 'texts', [0, 0, 10, 0]),
  ),
  row(
    'bool…',
    { matches: /^bool/, by: choose.boolean },
    holding('BOOLEAN', 'only 0 and 1', [10, 0, 0, 0], FLAGS),
    holding('BOOLEAN', 'other integers', [10, 0, 0, 0], { min: '0', max: '7' }),
  ),
  row(
    'json…',
    { matches: /^json/, by: choose.json },
    holding('JSON', 'valid JSON', [0, 0, 10, 0], { shapes: { json: 1 } }),
    holding('JSON', 'other texts', [0, 0, 10, 0]),
  ),
  row(
    '…int…',
    { matches: /int/, by: choose.integer },
    holding('INTEGER', 'integers', [10, 0, 0, 0]),
    holding('TINYINT(1)', 'only 0 and 1', [10, 0, 0, 0], FLAGS),
    holding('INT', 'numbers with a fraction', [5, 5, 0, 0], { min: '1', max: '2' }),
    holding('INT', 'texts', [0, 0, 10, 0]),
  ),
  row(
    '…char…, …clob…, …text…',
    { matches: /char|clob|text/, by: choose.text },
    holding('TEXT', 'texts', [0, 0, 10, 0]),
    holding('VARCHAR(20)', 'texts that fit', [0, 0, 10, 0], { maxLength: 20 }),
    holding('VARCHAR(20)', 'a longer text', [0, 0, 10, 0], { maxLength: 21 }),
    holding('TEXT', 'blobs', [0, 0, 0, 10]),
  ),
  row(
    '…blob…, no type',
    { matches: /^$|blob/, by: choose.byStorage },
    holding('BLOB', 'blobs', [0, 0, 0, 10]),
    holding('', 'integers', [10, 0, 0, 0]),
    holding('', 'values of several kinds', [5, 0, 5, 0]),
  ),
  row(
    '…real…, …floa…, …doub…',
    { matches: /real|floa|doub/, by: choose.real },
    holding('DOUBLE', 'numbers', [0, 10, 0, 0]),
    holding('REAL', 'numbers and integers wider than a double', [5, 5, 0, 0], { max: '9007199254740999' }),
  ),
  row(
    'numeric, decimal, dec, number, money, currency',
    { matches: /^(?:numeric|decimal|dec|number|money|currency)\b/, by: choose.decimal },
    holding('DECIMAL(10,2)', 'numbers that fit', [2, 8, 0, 0], { maxScale: 2, min: '0', max: '99.99' }),
    holding('DECIMAL(10,2)', 'numbers that do not', [2, 8, 0, 0], { maxScale: 5, min: '0', max: '9' }),
    holding('NUMERIC', 'numbers', [5, 5, 0, 0], { maxScale: 2, min: '0', max: '9' }),
  ),
  row(
    'any other',
    { matches: /^/, by: choose.unknown },
    holding('STRING', 'texts', [0, 0, 10, 0]),
    holding('VARBINARY(16)', 'no value', [0, 0, 0, 0], { rows: 0 }),
    holding('UUID', 'no value', [0, 0, 0, 0], { rows: 0 }),
  ),
];

/** Target type of a SQLite column: what is declared, checked against what is there. */
export function chooseSqliteType(context: TypeContext): ChosenType {
  const declared = context.column.type.declared.trim().toLowerCase();
  const found = SQLITE_TYPES.find(({ matches }) => matches.test(declared));
  return found ? found.choose(context) : { refused: `the type ${declared} has no mapping` };
}
