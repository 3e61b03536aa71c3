import { CaravanFailure } from '../contracts/failures.js';
import type { ValueKind } from '../contracts/mapping.js';

/** Tables that stand in the target before a migration: an application's own migrations made them. */
export interface StandingColumn {
  readonly name: string;
  /** As a plan names it: "varchar(20)", "timestamp(3)"; of an enum type its bare name. */
  readonly type: string;
  /** In PostgreSQL's own words: "character varying(20)"; of a type that somebody made its quoted name. Absent: as `type`. */
  readonly declared?: string;
  /** Of a domain: the words of the type that it stands on. */
  readonly domainOf?: string;
  /** Of an enum type. */
  readonly labels?: readonly string[];
  readonly nullable: boolean;
  /** What the server puts there by itself where a row says nothing. */
  readonly fills?: 'default' | 'sequence' | 'generated';
}

export interface StandingKey {
  /** Empty strings where it is over expressions. */
  readonly columns: readonly string[];
  readonly unique: boolean;
}

export interface StandingTable {
  readonly name: string;
  readonly columns: readonly StandingColumn[];
  readonly keys: readonly StandingKey[];
  readonly foreignKeys: readonly { readonly columns: readonly string[]; readonly referenced: string }[];
  /** Why its rows cannot be put in place, if so: "it is a view". */
  readonly obstacle?: string;
}

/** What of a table keeps rows out that only have these columns; empty where nothing does. */
export function unfilledProblems(table: StandingTable, filled: ReadonlySet<string>): string[] {
  const obstacle = table.obstacle === undefined ? [] : [`the target's table "${table.name}": ${table.obstacle}`];
  const unfilled = table.columns
    .filter(({ name, nullable, fills }) => !filled.has(name) && !nullable && fills === undefined)
    .map(
      ({ name }) =>
        `the target's column "${table.name}.${name}" is NOT NULL without a default, and the source has no such column`,
    );
  return [...obstacle, ...unfilled];
}

/** What a plan says of a column that it fills. */
export interface PlannedColumn {
  readonly target: string;
  readonly type: string;
  /** From PostgreSQL a plan names types in the server's own words. */
  readonly kind: ValueKind;
  readonly nullable: boolean;
}

/** What of the plan's columns does not fit the table as it stands; empty where all do. */
export function columnProblems(table: StandingTable, columns: readonly PlannedColumn[]): string[] {
  return columns.flatMap((column) => {
    const own = table.columns.find(({ name }) => name === column.target);
    const place = `the target's column "${table.name}.${column.target}"`;
    if (own === undefined) return [`${place} is not there`];
    if (own.fills === 'generated') return [`${place} is generated`];
    const type = column.kind === 'native' ? (own.declared ?? own.type) : own.type;
    if (type !== column.type) return [`${place} is ${type}, and the plan says ${column.type}`];
    return own.nullable || !column.nullable ? [] : [`${place} is NOT NULL, and the plan says that it may be NULL`];
  });
}

const TOLD = 50;

/** Everything that does not fit, in one failure: it is told before anything is touched. */
export function misfits(schema: string, problems: readonly string[]): CaravanFailure {
  const more = problems.length > TOLD ? `; and ${String(problems.length - TOLD)} more` : '';
  return new CaravanFailure('TARGET_MISFIT', {
    attempted: 'put rows into the tables of the schema',
    on: schema,
    seen: `${problems.slice(0, TOLD).join('; ')}${more}`,
    facts: { schema, names: problems.slice(0, TOLD) },
  });
}
