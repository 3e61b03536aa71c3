import type { CatalogueColumn, SourceEngine } from '../../../../contracts/catalogue.js';
import type { ExistingColumn } from '../../../../contracts/existing.js';
import type { ColumnMapping } from '../../../../contracts/mapping.js';
import type { TypeChoice } from '../choice.js';
import { castTo } from '../given/cast.js';

/** How a column of the source is compared with the one that is there, or why it cannot be. */
export type Way = { readonly way: ColumnMapping } | { readonly reason: string };

export interface WayBetween {
  readonly engine: SourceEngine;
  readonly source: CatalogueColumn;
  /** As Caravan itself would make the column. */
  readonly drafted?: ColumnMapping;
  readonly existing: ExistingColumn;
}

/** The type as a plan spells it: "character varying(20)" is "varchar(20)". */
export function plainType({ type, base }: Pick<ExistingColumn, 'type' | 'base'>): string {
  if (base === 'enum') return type;
  return type
    .replace(/^character varying\b/, 'varchar')
    .replace(/^character\b/, 'char')
    .replace(/^(timestamp|time)(\(\d\))? without time zone$/, '$1$2')
    .replace(/^(timestamp|time)(\(\d\))? with time zone$/, '$1tz$2')
    .replace(/^numeric\((\d+),0\)$/, 'numeric($1)');
}

/** Texts under other names: they are compared as texts. */
const TEXTS = /^(?:char|citext|name)\b/;
/** Of PostgreSQL's own types those whose binary form does not depend on the size that is declared. */
const SIZED = /^(varchar|text|numeric|timestamp|timestamptz|time|timetz|interval|bit varying)(?:\([\d,]+\))?$/;

export function wayBetween(between: WayBetween): Way {
  const { engine, source, drafted, existing } = between;
  const type = plainType(existing);
  const choice = engine === 'postgres' ? nativeWay(between) : (identity(between, type) ?? cast(between, type));
  if ('reason' in choice) return choice;
  const { transform, ...rest } = choice;
  const way: ColumnMapping = {
    source: source.name,
    target: existing.name,
    ...rest,
    sourceNullable: drafted?.sourceNullable ?? source.nullable,
    nullable: existing.nullable,
    transform: [...transform],
    onInvalid: 'null',
    ...(drafted?.values && { values: drafted.values }),
  };
  return { way };
}

type Choice = Pick<ColumnMapping, 'type' | 'kind' | 'limits' | 'confidence' | 'reasons'> & {
  readonly transform: ColumnMapping['transform'];
};

/** The type that Caravan itself would have made, or one that only PostgreSQL tells from it. */
function identity({ drafted, existing }: WayBetween, type: string): Choice | undefined {
  if (drafted === undefined) return undefined;
  const { transform, kind, limits } = drafted;
  const choice = { type, kind, limits, transform, confidence: 1, reasons: [] };
  if (type === plainType({ type: drafted.type, base: '' })) return choice;
  if (kind === 'enum' && existing.base === 'enum') return choice;
  if (kind === 'json' && (type === 'json' || type === 'jsonb')) return choice;
  if (kind === 'geometry' && (type === 'bytea' || existing.base === 'geometry')) return choice;
  if (kind === 'inet' && (type === 'inet' || type === 'cidr')) return choice;
  return undefined;
}

/** Every way that a mapping file's `cast` knows. */
function cast({ engine, source, drafted, existing }: WayBetween, type: string): Choice | { readonly reason: string } {
  const wanted = existing.base === 'enum' || TEXTS.test(type) ? 'text' : type === 'jsonb' ? 'json' : type;
  const found = castTo(wanted, source, engine);
  if ('problem' in found) {
    return { reason: `there is no known way to compare ${source.type.declared || '(no type)'} with ${type}` };
  }
  return {
    ...plain(found.choice),
    type: existing.base === 'enum' ? type : typeOf(type, found.choice),
    ...steps(drafted, found.choice),
  };
}

function plain({ kind, limits }: TypeChoice): Omit<Choice, 'type' | 'transform'> {
  return { kind, limits, confidence: 1, reasons: [] };
}

/** The server's own spelling tells what the proof must know: whether it is jsonb, and how many digits a clock has. */
function typeOf(type: string, choice: TypeChoice): string {
  return type === 'jsonb' || TEXTS.test(type) ? type : choice.type;
}

/** Texts that the mapping file rewrites are compared as rewritten. */
function steps(drafted: ColumnMapping | undefined, choice: TypeChoice): Pick<Choice, 'transform'> {
  const same = drafted?.kind === choice.kind ? drafted.transform : choice.transform;
  return { transform: [...same] };
}

/** From PostgreSQL to PostgreSQL: the same type, whatever its size. */
function nativeWay({ drafted, existing, source }: WayBetween): Choice | { readonly reason: string } {
  const there = unqualified(plainType({ type: existing.declared, base: '' }));
  const known = drafted === undefined ? undefined : unqualified(plainType({ type: drafted.type, base: '' }));
  const sized = (text: string): string => SIZED.exec(text)?.[1]?.replace('varchar', 'text') ?? text;
  if (drafted === undefined || known === undefined || sized(known) !== sized(there)) {
    return { reason: `there is no known way to compare ${source.type.declared} with ${existing.declared}` };
  }
  const { transform, kind, limits, type } = drafted;
  return { type, kind, limits, transform, confidence: 1, reasons: [] };
}

/** The name of a type that somebody made, without schema and quotes. */
function unqualified(type: string): string {
  const parts = /^(?:(?:"(?:[^"]|"")+"|\w+)\.)?("(?:[^"]|"")+"|\w.*?)$/.exec(type);
  return (parts?.[1] ?? type).replace(/^"((?:[^"]|"")*)"/, '$1').replaceAll('""', '"');
}
