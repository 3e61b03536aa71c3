import { closingOf, isWord, splitAtCommas, tokenise, type Token } from './tokens.js';

/** What no pragma tells and only the text of CREATE TABLE does. */
export interface TableDefinition {
  /** By lower-case column name. */
  readonly columns: ReadonlyMap<string, { readonly collation?: string; readonly generated?: string }>;
  /** Name "" where the constraint has none; `column` where it stands at a column. */
  readonly checks: readonly { readonly name: string; readonly expression: string; readonly column?: string }[];
  readonly autoincrement: boolean;
}

export function parseCreateTable(sql: string): TableDefinition {
  const tokens = tokenise(sql);
  const open = tokens.findIndex((token) => token.kind === 'other' && token.value === '(');
  const columns = new Map<string, { collation?: string; generated?: string }>();
  const checks: { name: string; expression: string; column?: string }[] = [];
  let autoincrement = false;
  if (open < 0) return { columns, checks, autoincrement };
  for (const item of splitAtCommas(tokens.slice(open + 1, closingOf(tokens, open)), 1)) {
    const column = isWord(item[0], 'CONSTRAINT', 'PRIMARY', 'UNIQUE', 'CHECK', 'FOREIGN') ? undefined : item[0]?.value;
    const parts = constraintsOf(item, sql);
    if (column !== undefined) columns.set(column.toLowerCase(), parts.column);
    for (const check of parts.checks) checks.push({ ...check, ...(column !== undefined && { column }) });
    autoincrement ||= parts.autoincrement;
  }
  return { columns, checks, autoincrement };
}

interface ItemParts {
  readonly column: { collation?: string; generated?: string };
  readonly checks: { name: string; expression: string }[];
  autoincrement: boolean;
}

/** Constraints of one column or table item. SQLite needs no commas between table constraints, so all are looked for. */
function constraintsOf(item: readonly Token[], sql: string): ItemParts {
  const parts: ItemParts = { column: {}, checks: [], autoincrement: false };
  let name = '';
  let named = -1;
  for (let index = 0; index < item.length; index++) {
    const token = item[index];
    if (token?.depth !== 1) continue;
    const next = item[index + 1];
    const opens = next?.kind === 'other' && next.value === '(';
    if (isWord(token, 'CONSTRAINT') && next) {
      name = next.value;
      named = ++index;
    } else if (isWord(token, 'CHECK') && opens) {
      parts.checks.push({ name: named === index - 1 ? name : '', expression: inside(item, index + 1, sql) });
    } else if (isWord(token, 'AS') && opens) parts.column.generated = inside(item, index + 1, sql);
    else if (isWord(token, 'COLLATE') && next) parts.column.collation = next.value;
    else if (isWord(token, 'AUTOINCREMENT')) parts.autoincrement = true;
  }
  return parts;
}

/** Source text between the parenthesis at `open` and the one that closes it. */
function inside(tokens: readonly Token[], open: number, sql: string): string {
  const close = tokens[closingOf(tokens, open)];
  return sql.slice(tokens[open]?.end, close?.start ?? tokens.at(-1)?.end).trim();
}

/** Parts of CREATE INDEX as text, without ASC and DESC; and its predicate. */
export interface IndexDefinition {
  readonly parts: readonly string[];
  readonly where?: string;
}

export function parseCreateIndex(sql: string): IndexDefinition {
  const tokens = tokenise(sql);
  const on = tokens.findIndex((token) => isWord(token, 'ON'));
  const open = tokens.findIndex((token, index) => index > on && token.kind === 'other' && token.value === '(');
  if (on < 0 || open < 0) return { parts: [] };
  const close = closingOf(tokens, open);
  const parts = splitAtCommas(tokens.slice(open + 1, close), 1).map((part) => {
    const last = isWord(part.at(-1), 'ASC', 'DESC') ? part.at(-2) : part.at(-1);
    return sql.slice(part[0]?.start ?? 0, last?.end ?? 0);
  });
  const where = tokens[close + 1];
  return { parts, ...(isWord(where, 'WHERE') && where && { where: sql.slice(where.end).trim() }) };
}

/** A default of `PRAGMA table_xinfo`: SQLite takes a bare word for a string, and "x" for one too. */
export function parseDefault(
  text: string,
):
  { readonly kind: 'literal'; readonly value: string | null } | { readonly kind: 'expression'; readonly text: string } {
  const tokens = tokenise(text);
  const [first] = tokens;
  const sign = first?.kind === 'other' && (first.value === '-' || first.value === '+') ? first.value : '';
  if (/^[+-]?\s*(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text)) {
    return { kind: 'literal', value: text.replace(/\s+/g, '').replace(/^\+/, '') };
  }
  if (/^0x[0-9a-f]+$/i.test(text)) return { kind: 'literal', value: BigInt.asIntN(64, BigInt(text)).toString() };
  if (tokens.length !== 1 || first === undefined || sign !== '') return { kind: 'expression', text };
  if (first.kind === 'string' || first.kind === 'name') return { kind: 'literal', value: first.value };
  if (isWord(first, 'NULL')) return { kind: 'literal', value: null };
  if (isWord(first, 'TRUE')) return { kind: 'literal', value: '1' };
  if (isWord(first, 'FALSE')) return { kind: 'literal', value: '0' };
  if (isWord(first, 'CURRENT_TIMESTAMP', 'CURRENT_DATE', 'CURRENT_TIME')) {
    return { kind: 'expression', text: first.value.toUpperCase() };
  }
  return first.kind === 'word' ? { kind: 'literal', value: first.value } : { kind: 'expression', text };
}
