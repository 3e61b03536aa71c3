import type { SourceEngine } from '../../../contracts/catalogue.js';
import type { Limits } from '../../../contracts/mapping.js';
import type { TypeChoice, TypeContext } from './choice.js';
import type { TypeExample, TypeRow } from './type-rows.js';
import { CSV_TYPES } from './types-csv.js';
import { MYSQL_TYPES } from './types-mysql.js';
import { SQLITE_TYPES } from './types-sqlite.js';

/** One line of the page on types. */
export interface TypeEntry {
  readonly names: readonly string[];
  readonly declared: string;
  readonly holding: string;
  readonly target: string;
  /** Kind of value, and the operators that make it: what encodes, checks and proves it. */
  readonly codec: string;
  readonly limits: string;
  readonly reason: string;
}

export interface TypeTable {
  readonly title: string;
  readonly entries: readonly TypeEntry[];
}

const VALUES = 10;

function contextOf(engine: SourceEngine, { declared, profile, labels, keyed, jsonChecked }: TypeExample): TypeContext {
  const base = /^[a-z0-9]*/.exec(declared.toLowerCase())?.[0] ?? '';
  return {
    engine,
    column: {
      name: 'c',
      type: { base, declared, unsigned: declared.includes('unsigned'), ...(labels && { labels }) },
      nullable: true,
    },
    ...(profile && { profile: { column: 'c', rows: VALUES, nulls: 0, distinct: VALUES, ...profile } }),
    whole: profile !== undefined,
    keyed: keyed === true,
    jsonChecked: jsonChecked === true,
    keptBigint: false,
  };
}

function limitsOf({ min, max, maxCharacters, precision, scale, labels }: Limits): string {
  const parts = [
    ...(min !== undefined && max !== undefined ? [`${min} to ${max}`] : []),
    ...(maxCharacters === undefined ? [] : [`${String(maxCharacters)} characters`]),
    ...(precision === undefined ? [] : [`${String(precision)} digits, ${String(scale ?? 0)} behind the point`]),
    ...(labels === undefined ? [] : ['its labels']),
  ];
  return parts.length === 0 ? 'those of the type' : parts.join('; ');
}

function codecOf({ kind, transform }: TypeChoice): string {
  const steps = transform.map((step) => step.op).filter((op) => op !== 'as_is');
  return [kind, ...steps].join(', ');
}

function entryOf(engine: SourceEngine, { names, choose }: TypeRow, example: TypeExample): TypeEntry {
  const choice = choose(contextOf(engine, example));
  const { declared, holding = 'any' } = example;
  if ('refused' in choice) throw new Error(`the example ${declared} is refused: ${choice.refused}`);
  const target = choice.enumLabels ? 'an enum type' : choice.type;
  return {
    names,
    declared,
    holding,
    target,
    codec: codecOf(choice),
    limits: limitsOf(choice.limits),
    reason: choice.reasons.join('; '),
  };
}

function tableOf(title: string, engine: SourceEngine, rows: readonly TypeRow[]): TypeTable {
  const entries = rows.flatMap((row) => row.examples.map((example) => entryOf(engine, row, example)));
  return { title, entries };
}

/** What the choosers choose for each type of each source, by running them. */
export function typeTables(): readonly TypeTable[] {
  return [
    tableOf('MySQL and MariaDB', 'mariadb', MYSQL_TYPES),
    tableOf('SQLite', 'sqlite', SQLITE_TYPES),
    tableOf('Files of delimited text', 'csv', CSV_TYPES),
  ];
}
