import type { CatalogueIndex, KeyPart } from '../../../contracts/catalogue.js';
import type { IndexMapping, IndexPart } from '../../../contracts/mapping.js';
import { nodesOf, parseExpression, printExpression } from '../../../language/expressions.js';
import type { Expression } from '../../../language/expressions.js';
import { knownColumns } from './checks.js';
import type { DraftedColumn } from './column.js';
import type { KeyDrafting } from './keys.js';
import { Translator } from './translate.js';
import { Untranslatable } from './typed.js';

/** An index without its name. `words` name it where the source's name says nothing. */
export type DraftedIndex = Omit<IndexMapping, 'name'> & { readonly words: readonly string[] };
export type IndexAnswer = DraftedIndex | { readonly left: string };

/** Kinds that PostgreSQL has no B-tree order for. */
const NO_ORDER = new Set(['json', 'geometry']);
/** A B-tree entry holds about 2,700 bytes. */
const INDEX_CHARACTERS = 2_600;
/** Characters that fit whatever they are. */
const SURE_CHARACTERS = INDEX_CHARACTERS / 4;

export function columnOf(drafting: KeyDrafting, name: string): DraftedColumn | undefined {
  return (
    drafting.columns.find(({ column }) => column.name === name) ??
    drafting.columns.find(({ column }) => column.name.toLowerCase() === name.toLowerCase())
  );
}

/** The collation of a part that is a column under another one than its own (SQLite). */
export function collated(part: KeyPart): string | undefined {
  if (part.column === '' || part.expression === undefined) return undefined;
  return /^"(?:[^"]|"")*" COLLATE "?(\w+)"?$/i.exec(part.expression)?.[1];
}

/** Why a part cannot be a plain column of a key; undefined where it can. */
export function columnObstacle(drafting: KeyDrafting, part: KeyPart): string | undefined {
  const column = columnOf(drafting, part.column);
  if (!column) return `its column ${part.column} has no mapping`;
  if (NO_ORDER.has(column.mapping.kind)) return `${part.column} becomes ${column.mapping.type}, which has no order`;
  return undefined;
}

/** The expression in the target's terms. What it calls must give the same for ever; a label's text does not. */
function translated(drafting: KeyDrafting, text: string, what: 'condition' | 'value'): string {
  const parsed = parseExpression(text, drafting.engine === 'sqlite' ? 'sqlite' : 'mysql');
  if (!parsed.ok) throw new Untranslatable(parsed.problem);
  const columns = drafting.columns.map(({ mapping, column: { collation } }) => ({
    mapping,
    ...(collation !== undefined && { collation }),
  }));
  const translator = new Translator({ engine: drafting.engine, columns: knownColumns(columns) });
  const expression = translator[what](parsed.expression);
  for (const node of nodesOf(expression)) {
    if (node.node === 'cast' && node.type === 'text') throw new Untranslatable('the text of a label, which may change');
  }
  return printExpression(expression);
}

interface DraftedPart {
  readonly part: IndexPart;
  readonly word: string;
  readonly reason?: string;
}

/** The first characters of a column: the whole value where it always fits, which serves every search that the prefix did. */
function prefixPart(column: DraftedColumn, { prefix = 1 }: KeyPart, unique: boolean, descending: boolean): DraftedPart {
  const { mapping, longest } = column;
  const most = mapping.limits.maxCharacters ?? (longest > 0 ? longest : Infinity);
  const what = `the first ${String(prefix)} characters of ${column.column.name}`;
  if (!unique && most <= SURE_CHARACTERS) {
    const reason = `the source indexes ${what}: here whole values, which are short enough`;
    return { part: { column: mapping.target, descending }, word: mapping.target, reason };
  }
  if (mapping.kind !== 'text') throw new Untranslatable(`${what} are indexed, and it becomes ${mapping.type}`);
  const target: Expression = { node: 'column', name: mapping.target, quoted: true };
  const call: Expression = { node: 'call', name: 'left', args: [target, { node: 'number', text: String(prefix) }] };
  const expression = printExpression(call);
  const reason = `the source indexes ${what}: search with ${expression}`;
  return { part: { expression, descending }, word: mapping.target, reason };
}

function partOf(drafting: KeyDrafting, index: CatalogueIndex, part: KeyPart): DraftedPart {
  const descending = part.descending === true;
  if (part.expression !== undefined && collated(part) === undefined) {
    return { part: { expression: translated(drafting, part.expression, 'value'), descending }, word: 'expr' };
  }
  const obstacle = columnObstacle(drafting, part);
  const column = columnOf(drafting, part.column);
  if (obstacle !== undefined || !column) throw new Untranslatable(obstacle ?? 'its column has no mapping');
  if (part.prefix !== undefined) return prefixPart(column, part, index.unique, descending);
  if (!index.unique && column.longest > INDEX_CHARACTERS) {
    throw new Untranslatable(`${part.column} holds values that are too long for an index entry in PostgreSQL`);
  }
  return { part: { column: column.mapping.target, descending }, word: column.mapping.target };
}

/** Words as they stand, without a language's endings: what FULLTEXT of MySQL finds as well. */
function fulltext(drafting: KeyDrafting, index: CatalogueIndex): DraftedIndex {
  const names = index.parts.map((part) => {
    const column = columnOf(drafting, part.column);
    if (column?.mapping.kind !== 'text') throw new Untranslatable(`${part.column} becomes no text`);
    return column.mapping.target;
  });
  if (names.length === 0) throw new Untranslatable('it has no columns');
  const texts = names.map((name): Expression => {
    const args: Expression[] = [
      { node: 'column', name, quoted: true },
      { node: 'string', value: '' },
    ];
    return { node: 'call', name: 'coalesce', args };
  });
  const whole = texts.reduce((left, right) => {
    const spaced: Expression = { node: 'binary', op: '||', left, right: { node: 'string', value: ' ' } };
    return { node: 'binary', op: '||', left: spaced, right };
  });
  const expression = printExpression({
    node: 'call',
    name: 'to_tsvector',
    args: [{ node: 'string', value: 'simple' }, whole],
  });
  return {
    columns: [{ expression, descending: false }],
    method: 'gin',
    reason: `FULLTEXT in the source: search with ${expression} @@ plainto_tsquery('simple', …)`,
    words: names,
  };
}

function btree(drafting: KeyDrafting, index: CatalogueIndex): DraftedIndex {
  const parts = index.parts.map((part) => partOf(drafting, index, part));
  if (parts.length === 0) throw new Untranslatable('it has no columns');
  const reasons = parts.flatMap(({ reason }) => reason ?? []);
  return {
    columns: parts.map(({ part }) => part),
    ...(index.unique && { unique: true }),
    ...(index.where !== undefined && { where: translated(drafting, index.where, 'condition') }),
    ...(reasons.length > 0 && { reason: reasons.join('; ') }),
    words: parts.map(({ word }) => word),
  };
}

/** An index that is no key: over columns, prefixes and expressions, partial or not; or why it cannot be made. */
export function draftIndex(drafting: KeyDrafting, index: CatalogueIndex): IndexAnswer {
  const method = index.method.toLowerCase();
  try {
    if (method === 'fulltext') return fulltext(drafting, index);
    if (method === 'spatial') return { left: 'a spatial index: its column becomes bytes, which have no place' };
    if (method === 'btree' || method === 'hash' || method === '') return btree(drafting, index);
    return { left: `an index of kind ${method} has no counterpart` };
  } catch (error) {
    if (error instanceof Untranslatable) return { left: `not translated: ${error.message}` };
    throw error;
  }
}
