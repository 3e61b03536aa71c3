import type { Catalogue, CatalogueColumn, CatalogueTable } from '../../contracts/catalogue.js';
import type { ColumnProfile, Meaning, Shape, TableProfile } from '../../contracts/profile.js';

type Name = Meaning['meaning'];

interface Clue {
  readonly meaning: Name;
  /** Weight of this clue alone, 0 to 1; clues for one meaning add up as independent evidence. */
  readonly weight: number;
  readonly reason: string;
}

interface Evidence {
  readonly table: CatalogueTable;
  readonly column: CatalogueColumn;
  readonly profile?: ColumnProfile;
  readonly catalogue: Catalogue;
}

/** Words of a name: "billingPostal_Code" is billing, postal, code. */
function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

const NAME_WORDS: readonly { readonly meaning: Name; readonly words: readonly string[]; readonly weight: number }[] = [
  { meaning: 'email', words: ['email', 'mail', 'emailaddress'], weight: 0.6 },
  { meaning: 'url', words: ['url', 'uri', 'website', 'homepage', 'link'], weight: 0.6 },
  { meaning: 'phone', words: ['phone', 'telephone', 'mobile', 'fax', 'tel'], weight: 0.6 },
  {
    meaning: 'money',
    words: 'price amount total cost fee salary balance rate payment tax discount revenue'.split(' '),
    weight: 0.5,
  },
  { meaning: 'flag', words: 'is has can enabled disabled active deleted visible flag'.split(' '), weight: 0.4 },
  { meaning: 'timestamp', words: 'at timestamp datetime time updated created modified'.split(' '), weight: 0.3 },
  { meaning: 'date', words: 'date day birthday dob birthdate'.split(' '), weight: 0.3 },
  { meaning: 'json', words: ['json', 'metadata', 'payload', 'settings', 'attributes'], weight: 0.3 },
  {
    meaning: 'personal data',
    words:
      'firstname lastname surname forename first last ssn passport birthday dob address street postal zip iban'.split(
        ' ',
      ),
    weight: 0.5,
  },
  {
    meaning: 'category',
    words: 'status type kind category state country code rating language genre'.split(' '),
    weight: 0.4,
  },
  {
    meaning: 'free text',
    words: 'description comment comments note notes body content text message summary remark'.split(' '),
    weight: 0.6,
  },
];

function nameClues({ column }: Evidence): Clue[] {
  const words = new Set(wordsOf(column.name));
  return NAME_WORDS.flatMap(({ meaning, words: known, weight }) => {
    const hit = known.find((word) => words.has(word));
    return hit === undefined ? [] : [{ meaning, weight, reason: `named like one ("${hit}")` }];
  });
}

const TYPE_MEANINGS: readonly { readonly meaning: Name; readonly pattern: RegExp; readonly weight: number }[] = [
  { meaning: 'binary', pattern: /blob|binary|bytea/, weight: 0.9 },
  { meaning: 'json', pattern: /^json/, weight: 0.95 },
  { meaning: 'category', pattern: /^(?:enum|set)/, weight: 0.9 },
  { meaning: 'flag', pattern: /^(?:bool|tinyint\(1\)|bit\(1\))/, weight: 0.6 },
  { meaning: 'timestamp', pattern: /^(?:datetime|timestamp)/, weight: 0.9 },
  { meaning: 'date', pattern: /^(?:date$|date\()/, weight: 0.9 },
  { meaning: 'number', pattern: /int|decimal|numeric|float|double|real|^year/, weight: 0.4 },
  { meaning: 'free text', pattern: /text|clob/, weight: 0.3 },
];

/** A file declares no types: what all of a column's texts are stands for it. */
function declaredOf({ column, profile }: Evidence): { readonly declared: string; readonly base: string } {
  const found = profile?.texts?.kind;
  return found === undefined ? column.type : { declared: found, base: found };
}

function typeClues(evidence: Evidence): Clue[] {
  const { base, ...type } = declaredOf(evidence);
  const declared = type.declared.toLowerCase();
  const isFound = evidence.profile?.texts !== undefined;
  return TYPE_MEANINGS.filter(({ pattern }) => pattern.test(declared) || pattern.test(base)).map(
    ({ meaning, weight }) => ({
      meaning,
      weight,
      reason: isFound ? `every value is of the type ${base}` : `declared ${type.declared}`,
    }),
  );
}

const SHAPE_MEANINGS: readonly (readonly [Shape, Name])[] = [
  ['email', 'email'],
  ['url', 'url'],
  ['phone', 'phone'],
  ['timestamp', 'timestamp'],
  ['date', 'date'],
  ['json', 'json'],
];

/** Below this many distinct values, in many rows, texts are labels rather than prose. */
const CATEGORY_VALUES = 50;

function profileClues(evidence: Evidence): Clue[] {
  const { column, profile } = evidence;
  if (!profile) return [];
  const clues: Clue[] = [];
  const values = profile.rows - profile.nulls;
  for (const [shape, meaning] of SHAPE_MEANINGS) {
    const part = profile.shapes?.[shape] ?? 0;
    if (part >= 0.8)
      clues.push({
        meaning,
        weight: 0.85 * part,
        reason: `${String(Math.round(part * 100))} % of the values look like it`,
      });
  }
  const flag = (profile.shapes?.flag ?? 0) === 1 || (profile.min === '0' && profile.max === '1');
  if (values > 0 && profile.distinct <= 2 && flag)
    clues.push({ meaning: 'flag', weight: 0.7, reason: 'holds at most two values, 0 and 1' });
  const isText = /char|text|clob|enum/.test(declaredOf(evidence).declared.toLowerCase());
  if (isText && values > 10 * CATEGORY_VALUES && profile.distinct <= CATEGORY_VALUES) {
    clues.push({ meaning: 'category', weight: 0.6, reason: `only about ${String(profile.distinct)} distinct values` });
  }
  if (isText && (profile.averageLength ?? 0) > 60)
    clues.push({ meaning: 'free text', weight: 0.5, reason: 'long texts' });
  const scale = profile.texts?.scale ?? profile.maxScale ?? column.type.scale;
  const decimal = /decimal|numeric/.test(declaredOf(evidence).base) && (scale === 2 || column.type.scale === 2);
  if (decimal) clues.push({ meaning: 'money', weight: 0.4, reason: 'two digits behind the point' });
  return clues;
}

function inPrimaryKey({ table, column }: Evidence): boolean {
  return (table.primaryKey ?? []).some((part) => part.column === column.name);
}

function family(column: CatalogueColumn): 'number' | 'text' | 'other' {
  const declared = `${column.type.base} ${column.type.declared}`.toLowerCase();
  if (/int|numeric|decimal/.test(declared)) return 'number';
  return /char|text|uuid|clob/.test(declared) ? 'text' : 'other';
}

/** Names under which a column may mean a table: "customers" is meant by customer and customers. */
function tableNames(name: string): string[] {
  const plain = wordsOf(name).join('');
  const single = plain
    .replace(/ies$/, 'y')
    .replace(/(?<=s|x|ch|sh)es$/, '')
    .replace(/(?<!s)s$/, '');
  return [plain, single];
}

interface OneColumnKey {
  readonly table: CatalogueTable;
  readonly column: CatalogueColumn;
}

/** Memory of a pure function: which column names would mean the key of which table, for one catalogue. */
const referencesOf = new WeakMap<Catalogue, ReadonlyMap<string, OneColumnKey>>();

function references(catalogue: Catalogue): ReadonlyMap<string, OneColumnKey> {
  const known = referencesOf.get(catalogue);
  if (known) return known;
  const made = new Map<string, OneColumnKey>();
  for (const table of catalogue.tables) {
    const [key] = table.primaryKey ?? [];
    const column = table.columns.find((candidate) => candidate.name === key?.column);
    if (!column || table.primaryKey?.length !== 1 || family(column) === 'other') continue;
    const keyName = wordsOf(column.name).join('');
    for (const name of tableNames(table.name)) {
      const meant = [`${name}id`, `id${name}`, `fk${name}`];
      if (keyName !== 'id' && keyName.startsWith(name)) meant.push(keyName);
      for (const word of meant) if (!made.has(word)) made.set(word, { table, column });
    }
  }
  referencesOf.set(catalogue, made);
  return made;
}

/** A column named and typed like another table's one-column key, without a constraint that says so. */
function referenceClues({ table, column, catalogue }: Evidence): Clue[] {
  if (table.foreignKeys.some((key) => key.columns.includes(column.name))) return [];
  const meant = references(catalogue).get(wordsOf(column.name).join(''));
  if (!meant || meant.table === table || family(meant.column) !== family(column)) return [];
  const reason = `named like the key of ${meant.table.schema}.${meant.table.name} (${meant.column.name}), and of its type`;
  return [{ meaning: 'foreign key without constraint', weight: 0.85, reason }];
}

function keyClues(evidence: Evidence): Clue[] {
  const { table, column } = evidence;
  const clues: Clue[] = [];
  const alone = (table.primaryKey ?? []).length === 1;
  if (inPrimaryKey(evidence)) {
    clues.push({
      meaning: 'key',
      weight: alone ? 0.99 : 0.9,
      reason: alone ? 'the primary key' : 'part of the primary key',
    });
  } else if (
    table.indexes.some((index) => index.unique && index.parts.length === 1 && index.parts[0]?.column === column.name)
  ) {
    clues.push({ meaning: 'key', weight: 0.35, reason: 'unique' });
  }
  if (table.foreignKeys.some((key) => key.columns.includes(column.name))) {
    clues.push({ meaning: 'key', weight: 0.95, reason: 'a declared foreign key' });
  }
  return clues;
}

/** Evidence of one meaning together, as of independent witnesses. */
function weigh(column: string, clues: readonly Clue[]): Meaning {
  const by = new Map<Name, { doubt: number; reasons: string[] }>();
  for (const clue of clues) {
    const seen = by.get(clue.meaning) ?? { doubt: 1, reasons: [] };
    seen.doubt *= 1 - clue.weight;
    seen.reasons.push(clue.reason);
    by.set(clue.meaning, seen);
  }
  let best: Meaning = {
    column,
    meaning: 'unknown',
    confidence: 0,
    reasons: ['nothing in its name, type or values tells'],
  };
  for (const [meaning, { doubt, reasons }] of by) {
    const confidence = Math.round((1 - doubt) * 1000) / 1000;
    if (confidence > best.confidence) best = { column, meaning, confidence, reasons };
  }
  return best;
}

/** What each column of a table means, from names, types and fingerprints; no model, the same answer every time. */
export function inferMeanings(table: CatalogueTable, profile: TableProfile, catalogue: Catalogue): Meaning[] {
  const byName = new Map(profile.columns.map((column) => [column.column, column]));
  return table.columns.map((column) => {
    const known = byName.get(column.name);
    const evidence: Evidence = { table, column, catalogue, ...(known && { profile: known }) };
    const clues = [keyClues, referenceClues, nameClues, typeClues, profileClues].flatMap((clue) => clue(evidence));
    return weigh(column.name, clues);
  });
}
