import type { CatalogueColumn, SourceType } from '../../contracts/catalogue.js';
import type { ServerFacts, TextRow } from './connect.js';

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', 0: '\0', Z: '\u001a' };

/**
 * Reads the quoted text that begins at `at`: doubled quotes and backslashes are decoded. Gives the text and the place
 * behind the closing quote; undefined when no quoted text is there.
 */
export function quotedAt(text: string, at: number): { readonly value: string; readonly next: number } | undefined {
  if (text[at] !== "'") return undefined;
  let value = '';
  for (let place = at + 1; place < text.length; place++) {
    const char = text.charAt(place);
    if (char === '\\') {
      place++;
      const escaped = text[place] ?? '';
      value += ESCAPES[escaped] ?? escaped;
    } else if (char !== "'") value += char;
    else if (text[place + 1] === "'") {
      place++;
      value += "'";
    } else return { value, next: place + 1 };
  }
  return undefined;
}

/** The labels of "enum('a','b')" or "set(…)". */
export function labelsOf(declared: string): string[] {
  const labels: string[] = [];
  let at = declared.indexOf('(') + 1;
  for (let label = quotedAt(declared, at); label; label = quotedAt(declared, at)) {
    labels.push(label.value);
    at = label.next;
    if (declared[at] !== ',') break;
    at++;
  }
  return labels;
}

const INTEGERS = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'year']);
const NUMBERS = new Set([...INTEGERS, 'decimal', 'float', 'double']);
const TIMES = new Set(['datetime', 'timestamp', 'time']);
const BINARY = new Set(['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob']);
const LENGTHS = new Set(['char', 'varchar', 'binary', 'varbinary']);

function numberOf(text: string | null | undefined): number | undefined {
  return text === null || text === undefined ? undefined : Number(text);
}

interface Size {
  readonly length?: number | undefined;
  readonly precision?: number | undefined;
  readonly scale?: number | undefined;
}

/** Sizes of a type. Integers give their display width as `length` (tinyint(1)); times their fraction as `scale`. */
function sizeOf(base: string, declared: string, row: TextRow): Size {
  const inner = /^\w+\((\d+)(?:,(\d+))?\)/.exec(declared);
  const first = numberOf(inner?.[1]);
  if (LENGTHS.has(base)) return { length: numberOf(row.characters) };
  if (TIMES.has(base)) return { scale: numberOf(row.fraction) ?? 0 };
  if (base === 'bit') return { length: first ?? 1, precision: first ?? 1 };
  if (base === 'decimal') return { precision: numberOf(row.precision), scale: numberOf(row.scale) };
  if (base === 'float' || base === 'double') return { precision: first, scale: numberOf(inner?.[2]) };
  return INTEGERS.has(base) ? { length: first, precision: numberOf(row.precision) } : {};
}

export function typeOf(row: TextRow): SourceType {
  const base = (row.base ?? '').toLowerCase();
  const declared = row.declared ?? base;
  const { length, precision, scale } = sizeOf(base, declared, row);
  return {
    base,
    declared,
    ...(length !== undefined && { length }),
    ...(precision !== undefined && { precision }),
    ...(scale !== undefined && { scale }),
    ...(NUMBERS.has(base) && { unsigned: /\bunsigned\b/i.test(declared) }),
    ...((base === 'enum' || base === 'set') && { labels: labelsOf(declared) }),
  };
}

type Default = NonNullable<CatalogueColumn['default']>;

const NOW = /^(current_timestamp|now|localtime|localtimestamp)(\(\d?\))?$/i;
const BITS = /^b'([01]*)'$/i;

/** Bit literals as decimal digits, as BIT values are read. */
function literal(value: string): Default {
  const bits = BITS.exec(value);
  return { kind: 'literal', value: bits ? BigInt(`0b0${bits[1] ?? ''}`).toString() : value };
}

/** MariaDB prints defaults as SQL: quoted texts, numbers, NULL, expressions. */
function mariadbDefault(text: string, base: string): Default {
  if (text === 'NULL') return { kind: 'literal', value: null };
  const quoted = quotedAt(text, 0);
  // The catalogue is UTF-8: bytes that are not came as "?", so the value is not known.
  if (BINARY.has(base) && quoted?.value.includes('?')) return { kind: 'expression', text };
  if (quoted?.next === text.length) return { kind: 'literal', value: quoted.value };
  if (/^-?[\d.]+(e[+-]?\d+)?$/i.test(text) || BITS.test(text)) return literal(text);
  return { kind: 'expression', text };
}

/** MySQL prints a literal's bare text; expressions are marked in EXTRA (8.0) or are CURRENT_TIMESTAMP (5.7). */
function mysqlDefault(text: string, base: string, extra: string): Default {
  if (/\bDEFAULT_GENERATED\b/i.test(extra)) return { kind: 'expression', text: unescapeClause(text) };
  if ((base === 'timestamp' || base === 'datetime') && NOW.test(text)) return { kind: 'expression', text };
  if (BINARY.has(base) && /^0x[0-9a-f]*$/i.test(text)) return { kind: 'expression', text };
  return base === 'bit' ? literal(text) : { kind: 'literal', value: text };
}

/** MySQL 8 prints the texts inside stored expressions with escaped quotes: _utf8mb4\'x\'. */
export function unescapeClause(clause: string): string {
  return clause.replaceAll(/\\(['\\])/g, '$1');
}

function defaultOf(row: TextRow, base: string, server: ServerFacts): Default | undefined {
  const text = row.default_text;
  const extra = row.extra ?? '';
  if (/\bGENERATED\b/.test(extra.replace('DEFAULT_GENERATED', '')) || /auto_increment/i.test(extra)) return undefined;
  if (text !== null && text !== undefined) {
    // MariaDB before 10.2.7 prints as MySQL 5.7 does.
    return server.engine === 'mariadb' && server.number >= 100_207
      ? mariadbDefault(text, base)
      : mysqlDefault(text, base, extra);
  }
  if (server.engine === 'mariadb' && server.number >= 100_207) return undefined;
  return row.nullable === 'YES' ? { kind: 'literal', value: null } : undefined;
}

/** One row of information_schema.COLUMNS, with the aliases of `catalogue-queries.ts`. */
export function columnOf(row: TextRow, server: ServerFacts): CatalogueColumn {
  const type = typeOf(row);
  const extra = row.extra ?? '';
  const given = defaultOf(row, type.base, server);
  const expression = row.generation ?? '';
  const onUpdate = /on update (\S+)/i.exec(extra)?.[1];
  const comment = row.comment ?? '';
  const { charset, collation } = row;
  return {
    name: row.name ?? '',
    type,
    nullable: row.nullable === 'YES',
    ...(given !== undefined && { default: given }),
    ...(/auto_increment/i.test(extra) && { autoIncrement: true }),
    ...(expression !== '' && {
      generated: {
        expression: server.engine === 'mysql' ? unescapeClause(expression) : expression,
        stored: /STORED|PERSISTENT/i.test(extra),
      },
    }),
    ...(onUpdate !== undefined && { onUpdate }),
    ...(/\bINVISIBLE\b/i.test(extra) && { invisible: true }),
    ...(typeof charset === 'string' && { charset }),
    ...(typeof collation === 'string' && { collation }),
    ...(comment !== '' && { comment }),
  };
}
