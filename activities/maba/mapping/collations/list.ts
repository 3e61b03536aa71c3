import type { Catalogue, CatalogueColumn, CatalogueTable } from '../../../../contracts/catalogue.js';
import { qualified } from '../../../../contracts/catalogue.js';
import { CASE_INSENSITIVE_TYPE, madeCollation } from '../../../../contracts/mapping.js';
import type { ColumnMapping, MigrationMapping, NotMigrated } from '../../../../contracts/mapping.js';
import { collated } from '../indexes.js';
import { keyParts, partColumn, pathOf } from './choose.js';
import type { Strength } from './strength.js';
import { ignoresBlanks, strengthOf } from './strength.js';

const COLLATION = 'collation';

/** How the target compares a column's texts. */
export function comparisonOf(column: ColumnMapping): Strength | 'citext' {
  if (column.type === CASE_INSENSITIVE_TYPE) return 'citext';
  return madeCollation(column) ?? 'plain';
}

/**
 * The plan with what is compared otherwise than in the source, said anew: of keys column by column, and in one note of
 * all other texts. `why`: by "schema.table.column", why it is not compared as it was to be.
 */
export function withCollations(
  mapping: MigrationMapping,
  catalogue: Catalogue,
  why: ReadonlyMap<string, string> = new Map(),
): MigrationMapping {
  // Columns that stand are compared as they are.
  if (catalogue.engine === 'postgres' || mapping.mode === 'data-only') return mapping;
  const sources = new Map(catalogue.tables.map((table) => [qualified(table), table]));
  const listed: NotMigrated[] = [];
  const others = new Set<string>();
  let plain = 0;
  for (const { source, columns } of mapping.tables) {
    const table = sources.get(qualified(source));
    if (table === undefined) continue;
    for (const column of columns) {
      const known = table.columns.find(({ name }) => name === column.source);
      if (known === undefined || column.kind !== 'text') continue;
      const path = pathOf(table, known.name);
      const reasons = [...differencesOf(table, known, column), ...(why.has(path) ? [why.get(path) ?? ''] : [])];
      if (reasons.length > 0) listed.push(entryOf(mapping, path, reasons.join('; ')));
      else if (isLooser(known, column)) {
        plain += 1;
        others.add(known.collation ?? '');
      }
    }
  }
  const { notes: before = [], ...rest } = mapping;
  const notes = before.filter((note) => !note.startsWith(NOTE));
  if (plain > 0) notes.push(`${NOTE} ${noteOf(plain, others)}`);
  const left = mapping.notMigrated.filter(({ kind }) => kind !== COLLATION);
  return { ...rest, ...(notes.length > 0 && { notes }), notMigrated: [...left, ...listed] };
}

/** What a plan said of the same difference before, and why, still holds. */
function entryOf({ notMigrated }: MigrationMapping, name: string, reason: string): NotMigrated {
  const before = notMigrated.find((entry) => entry.kind === COLLATION && entry.name === name);
  return before?.reason.startsWith(`${reason}; `) === true ? before : { kind: COLLATION, name, reason };
}

const NOTE = 'Texts outside of keys are compared exactly.';

function noteOf(columns: number, collations: ReadonlySet<string>): string {
  const [who, has] = columns === 1 ? ['One column', 'has'] : [`${String(columns)} columns`, 'have'];
  return `${who} ${has} a collation in the source that ignores case, accents or trailing blanks (${[...collations].sort().join(', ')}); "collate" in a mapping file makes it compare so here as well.`;
}

function isLooser({ collation }: CatalogueColumn, column: ColumnMapping): boolean {
  return strengthOf(collation) !== 'plain' && comparisonOf(column) === 'plain';
}

/** What the key of a column, or the column that is compared without regard to case, takes for equal on one side only. */
function differencesOf(table: CatalogueTable, column: CatalogueColumn, mapping: ColumnMapping): string[] {
  const parts = keyParts(table).filter(({ part }) => partColumn(table, part) === column);
  const own = parts.filter(({ part }) => part.expression === undefined);
  const made = comparisonOf(mapping);
  const other = parts.flatMap(({ what, part }) => {
    const collation = collated(part);
    if (collation === undefined || made !== 'plain') return [];
    return notIgnored(what, collation, { made, keyed: true });
  });
  const what = own.length > 0 ? own.map((each) => each.what).join(', ') : 'foreign key';
  if (own.length === 0 && made === 'plain') return other;
  return [...notIgnored(what, column.collation ?? '', { made, keyed: own.length > 0 }), ...other];
}

interface Made {
  readonly made: Strength | 'citext';
  readonly keyed: boolean;
}

function notIgnored(what: string, collation: string, { made, keyed }: Made): string[] {
  const strength = strengthOf(collation);
  const blanks = ignoresBlanks(collation) && (strength !== 'plain' || /^rtrim$/i.test(collation));
  const lost = [
    ...(strength !== 'plain' && made === 'plain' ? ['case'] : []),
    ...(strength === 'ci_ai' && made !== 'ci_ai' ? ['accents'] : []),
    ...(blanks ? ['trailing blanks'] : []),
  ];
  const said = lost.length === 0 ? [] : [`${what}: ${collation} ignores ${inWords(lost)}; here they count`];
  if (made === 'plain') return said;
  if (strength === 'plain')
    return [...said, `${keyed ? `${what}: ` : ''}the source tells case apart in it; here it does not count`];
  return /^nocase$/i.test(collation)
    ? [...said, `${what}: NOCASE is for the letters A to Z; here case counts of no letter`]
    : said;
}

function inWords(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
}
