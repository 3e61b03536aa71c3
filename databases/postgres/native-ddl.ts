import type { MadeType, MigrationMapping, SequenceMapping } from '../../contracts/mapping.js';
import type { Session } from './connect.js';
import { literal, qualified, quoted } from './identifiers.js';
import { expressionSql, nativeTypeSql, refusedPart, wordsSql } from './sql-guards.js';

/**
 * The search path under which definitions of a plan from PostgreSQL are read: the shadow, then the schemas of the
 * extensions that the plan names. Of other sources only the shadow: they name nothing else without a schema.
 */
export async function definitionPath(
  session: Session,
  shadow: string,
  extensions: readonly string[] = [],
): Promise<string> {
  if (extensions.length === 0) return quoted(shadow);
  const rows = await session.rows(
    `SELECT DISTINCT n.nspname AS name FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
      WHERE e.extname = ANY($1::text[]) AND n.nspname <> 'pg_catalog' ORDER BY 1`,
    [extensions],
  );
  return [shadow, ...rows.map((row) => row['name'] ?? '')].map(quoted).join(', ');
}

function collateSql(collation: string | undefined): string {
  return collation === undefined ? '' : ` COLLATE pg_catalog.${quoted(collation)}`;
}

/** CREATE of a type of the plan; types that it is made of come before it. */
export function createTypeSql(schema: string, type: MadeType, types: readonly MadeType[]): string {
  const name = qualified(schema, type.name);
  const partSql = (text: string): string => nativeTypeSql(text, types, schema);
  if (type.attributes !== undefined) {
    const parts = type.attributes.map(
      (part) => `${quoted(part.name)} ${partSql(part.type)}${collateSql(part.collation)}`,
    );
    return `CREATE TYPE ${name} AS (${parts.join(', ')})`;
  }
  if (type.domain === undefined) return `CREATE TYPE ${name} AS ENUM (${type.labels.map(literal).join(', ')})`;
  const { domain } = type;
  const checks = domain.checks.map(
    (check) =>
      `; ALTER DOMAIN ${name} ADD CONSTRAINT ${quoted(check.name)} CHECK ${expressionSql(check.expression)}${check.validated === false ? ' NOT VALID' : ''}`,
  );
  const fallback = domain.default === undefined ? '' : ` DEFAULT ${expressionSql(domain.default)}`;
  const notNull = domain.notNull ? ' NOT NULL' : '';
  return `CREATE DOMAIN ${name} AS ${partSql(domain.type)}${collateSql(domain.collation)}${fallback}${notNull}${checks.join('')}`;
}

type Options = Pick<SequenceMapping, 'start' | 'increment' | 'min' | 'max' | 'cache' | 'cycle'>;

/** Options of CREATE SEQUENCE, and of an identity column. */
export function sequenceOptionsSql(options: Options): string {
  const { start, increment, min, max, cache } = options;
  for (const number of [start, increment, min, max, cache]) {
    if (!/^-?\d{1,19}$/.test(number)) throw refusedPart('use the option of a sequence', number, 'it is no integer');
  }
  return `START ${start} INCREMENT ${increment} MINVALUE ${min} MAXVALUE ${max} CACHE ${cache}${options.cycle ? '' : ' NO'} CYCLE`;
}

/** Makes the sequences that are not there, and puts each where it stands in the source. */
export async function makeSequences(session: Session, shadow: string, mapping: MigrationMapping): Promise<void> {
  for (const sequence of mapping.sequences ?? []) {
    const name = qualified(shadow, sequence.name);
    const create = `CREATE SEQUENCE IF NOT EXISTS ${name} AS ${sequence.type} ${sequenceOptionsSql(sequence)}`;
    const owned = mapping.tables.find((table) => table.target.name === sequence.ownedBy?.table);
    const owner =
      owned === undefined || sequence.ownedBy === undefined
        ? ''
        : `; ALTER SEQUENCE ${name} OWNED BY ${qualified(shadow, owned.target.name)}.${quoted(sequence.ownedBy.column)}`;
    await session.run(`${create}${owner}; SELECT ${setvalSql(name, sequence.next, sequence)}`);
  }
}

type Steps = Pick<Options, 'min' | 'max'> & Partial<Pick<Options, 'start' | 'increment'>>;

/**
 * The sequence gives `next` next; one that is used up stays so. With its steps: one that does not stand at its start
 * stands where it stood when it gave a value.
 */
export function setvalSql(sequence: string, next: string, limits: Steps): string {
  const wanted = BigInt(next);
  const [least, most] = [BigInt(limits.min), BigInt(limits.max)];
  const { start, increment } = limits;
  if (start !== undefined && increment !== undefined && start !== next) {
    const last = wanted - BigInt(increment);
    if (last >= least && last <= most) return `pg_catalog.setval(${literal(sequence)}, ${last}, true)`;
  }
  const inside = wanted >= least && wanted <= most;
  const value = inside ? wanted : wanted > most ? most : least;
  return `pg_catalog.setval(${literal(sequence)}, ${value}, ${inside ? 'false' : 'true'})`;
}

/**
 * The least value that the sequence's own steps reach and that is behind every value of the column. With `next` behind
 * them already, it is `next`.
 */
export function nextBehind(next: bigint, increment: bigint, extreme: bigint | undefined): bigint {
  if (extreme === undefined) return next;
  const behind = increment > 0n ? extreme - next : next - extreme;
  if (behind < 0n) return next;
  const step = increment > 0n ? increment : -increment;
  return next + increment * (behind / step + 1n);
}

/** A key's or exclusion's definition in PostgreSQL's own words. */
export function constraintSql(definition: string): string {
  return wordsSql(definition, /^(?:PRIMARY KEY|UNIQUE|EXCLUDE)\b/);
}

/** What stands behind USING of an index. */
export function nativeIndexSql(definition: string): string {
  return wordsSql(definition, /^[a-z_][a-z0-9_]* \(/i);
}
