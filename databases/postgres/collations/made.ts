import { shadowSchema } from '../../../contracts/names.js';
import { MADE_COLLATIONS, madeCollation } from '../../../contracts/mapping.js';
import type { ColumnMapping, MadeCollation, MigrationMapping } from '../../../contracts/mapping.js';
import type { Session } from '../connect.js';
import { cutToBytes, literal, NAME_BYTES_MAX, qualified, quoted } from '../identifiers.js';

/** By the plan's word: the qualified, quoted name. */
export type MadeNames = Readonly<Record<MadeCollation, string>>;

const WORDS = Object.keys(MADE_COLLATIONS) as MadeCollation[];

export function madeName(word: MadeCollation): string {
  return `caravan_${word}`;
}

/** Where they are when the schema has none of these names. */
export function namesIn(schema: string): MadeNames {
  return { ci_as: qualified(schema, madeName('ci_as')), ci_ai: qualified(schema, madeName('ci_ai')) };
}

/** COLLATE of a column: what the plan makes, else a collation of the server. */
export function columnCollateSql(column: ColumnMapping, names: MadeNames): string {
  const made = madeCollation(column);
  if (made !== undefined) return ` COLLATE ${names[made]}`;
  return column.collation === undefined ? '' : ` COLLATE pg_catalog.${quoted(column.collation)}`;
}

export function createCollationSql(name: string, word: MadeCollation): string {
  return `CREATE COLLATION ${name} (provider = icu, deterministic = false, locale = ${literal(MADE_COLLATIONS[word])})`;
}

export function usedCollations(mapping: MigrationMapping): MadeCollation[] {
  const used = new Set(mapping.tables.flatMap((table) => table.columns.map(madeCollation)));
  return WORDS.filter((word) => used.has(word));
}

/**
 * Makes the collations of the plan in the shadow. One of an earlier migration that stands in the target schema, and
 * compares alike, is used in their place.
 */
export async function makeCollations(session: Session, hash: string, mapping: MigrationMapping): Promise<MadeNames> {
  const shadow = shadowSchema(hash);
  const names: Record<MadeCollation, string> = { ...namesIn(shadow) };
  for (const word of usedCollations(mapping)) {
    const there = (await nameOf(session, shadow, word)) ?? (await nameOf(session, mapping.targetSchema, word));
    if (there === undefined) await session.run(createCollationSql(names[word], word));
    else names[word] = there;
  }
  return names;
}

/** One of ours by its name that compares as the word says. */
async function nameOf(session: Session, schema: string, word: MadeCollation): Promise<string | undefined> {
  const [row] = await session.rows(
    `SELECT c.collname AS name FROM pg_catalog.pg_collation c JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace
      WHERE n.nspname = $1 AND pg_catalog.starts_with(c.collname::text, $2) AND c.collprovider = 'i'
        AND NOT c.collisdeterministic AND c.colllocale = $3 AND c.collicurules IS NULL ORDER BY 1 LIMIT 1`,
    [schema, madeName(word), MADE_COLLATIONS[word]],
  );
  return row?.['name'] === undefined || row['name'] === null ? undefined : qualified(schema, row['name']);
}

/** DROP of those in the shadow that no column of the plan needs any more. */
export async function unusedCollations(session: Session, shadow: string, mapping: MigrationMapping): Promise<string[]> {
  const used = usedCollations(mapping).map(madeName);
  return (await collationsIn(session, shadow))
    .filter((name) => !used.includes(name))
    .map((name) => `DROP COLLATION ${qualified(shadow, name)}`);
}

/** Where the target schema has other collations of these names, ours get the hash behind. */
export async function renameCollations(
  session: Session,
  { shadow, schema, hash }: { readonly shadow: string; readonly schema: string; readonly hash: string },
): Promise<void> {
  const taken = new Set(await collationsIn(session, schema));
  for (const name of await collationsIn(session, shadow)) {
    if (!taken.has(name)) continue;
    const suffix = `_${hash}`;
    const renamed = cutToBytes(name, NAME_BYTES_MAX - suffix.length) + suffix;
    await session.run(`ALTER COLLATION ${qualified(shadow, name)} RENAME TO ${quoted(renamed)}`);
  }
}

async function collationsIn(session: Session, schema: string): Promise<string[]> {
  const rows = await session.rows(
    `SELECT c.collname AS name FROM pg_catalog.pg_collation c JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace
      WHERE n.nspname = $1 ORDER BY 1`,
    [schema],
  );
  return rows.map((row) => row['name'] ?? '');
}
