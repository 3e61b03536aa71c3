import { DYNAMIC, microseconds, moment } from '../../../databases/asking.js';
import type { AnswerColumn, AnswerKind, Cell } from '../../../databases/asking.js';
import { jsonbText } from '../../../databases/jsonb.js';
import type { Tolerance } from '../../../contracts/replay.js';
import { plainNumber, rounded } from './numbers.js';

/** Relative differences that are let pass: of the sums of doubles, whose order is the server's; and of four bytes. */
export const FLOAT8_RELATIVE = 1e-12;
export const FLOAT4_RELATIVE = 1e-6;

/** How a column of both answers is compared: by the texts that its sides are turned into. */
export interface Way {
  readonly source: (cell: string) => string;
  readonly target: (cell: string) => string;
  /** Above 0: the texts are numbers, equal up to so much. */
  readonly relative: number;
  /** What this lets pass where the cells are not the same text. */
  readonly tolerance: Tolerance;
}

const NUMBERS: ReadonlySet<AnswerKind> = new Set(['integer', 'decimal', 'float4', 'float8', 'boolean', 'bit']);
const MOMENTS: ReadonlySet<AnswerKind> = new Set(['date', 'timestamp']);
const HEX: ReadonlySet<AnswerKind> = new Set(['bytes', 'uuid', 'geometry']);
const TEXTS: ReadonlySet<AnswerKind> = new Set(['text', 'char']);

export function wayOf(source: AnswerColumn, target: AnswerColumn): Way {
  if (source.kind === 'dynamic') return dynamicWay(target);
  const [one, other] = [source.kind, target.kind];
  const among = (kinds: ReadonlySet<AnswerKind>): boolean => kinds.has(one) && kinds.has(other);
  const either = (kinds: ReadonlySet<AnswerKind>): boolean => kinds.has(one) || kinds.has(other);
  if (one === 'bit' && other === 'bit') return exact((cell) => cell.replace(/^0+(?=.)/, ''));
  if (among(NUMBERS)) return numberWay(source, target);
  if (among(TEXTS)) return one === 'char' || other === 'char' ? exact(withoutPadding) : exact(asIs);
  if (among(MOMENTS)) return one === other ? exact(asIs) : exact(wholeMoment);
  if (one === 'json' || other === 'json') return exact((cell) => jsonbText(cell) ?? cell);
  if (one === 'set' || other === 'array') return exact(listOf);
  if (among(HEX)) return exact((cell) => cell.toLowerCase());
  if (one === 'time' || other === 'time') return exact((cell) => microseconds(cell) ?? cell);
  if (either(HEX) && either(TEXTS)) return hexAndText(one, other);
  // What one server gives as a text, the other may type: it is what it says.
  if (either(NUMBERS)) return { ...exact((cell) => plainNumber(cell.trim()) ?? cell), tolerance: 'type' };
  if (either(MOMENTS)) return { ...exact(wholeMoment), tolerance: 'type' };
  return exact(asIs);
}

/** A text that is a list, whose order the query leaves open. */
export function listWay(separator: string): Way {
  return exact((cell) => (separator === '' ? Array.from(cell) : cell.split(separator)).sort().join(separator));
}

function exact(normal: (cell: string) => string): Way {
  return { source: normal, target: normal, relative: 0, tolerance: 'type' };
}

function asIs(cell: string): string {
  return cell;
}

function withoutPadding(cell: string): string {
  return cell.replace(/ +$/, '');
}

/** A day as its first moment; ISO's "T" and "Z" as neither. */
function wholeMoment(cell: string): string {
  const text = cell.replace(/^(\d{4}-\d{2}-\d{2})T/, '$1 ').replace(/(?:Z|\+00(?::?00)?)$/, '');
  return /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text} 00:00:00` : /:\d{2}\.\d+$/.test(text) ? moment(text) : text;
}

function numberWay(source: AnswerColumn, target: AnswerColumn): Way {
  const [one, other] = [source.kind, target.kind];
  const ofSource = one === 'bit' ? ofBits : asIs;
  const ofTarget = other === 'bit' ? ofBits : asIs;
  const isFloat = one.startsWith('float') || other.startsWith('float');
  if (isFloat && (source.scale === undefined || !one.startsWith('float'))) {
    const relative = one === 'float4' || other === 'float4' ? FLOAT4_RELATIVE : FLOAT8_RELATIVE;
    return { source: ofSource, target: ofTarget, relative, tolerance: 'float' };
  }
  const plain = (cell: string): string => plainNumber(cell) ?? cell;
  const { scale } = source;
  // A quotient or a mean: MySQL keeps four digits more than it was given, PostgreSQL sixteen that count.
  const isRounded = one.startsWith('float') || (one === 'decimal' && other === 'decimal' && scale !== target.scale);
  if (scale !== undefined && isRounded) {
    const cut = (cell: string): string => rounded(cell, scale) ?? cell;
    return { source: plain, target: cut, relative: 0, tolerance: 'decimal_scale' };
  }
  const whole = { source: (cell: string) => plain(ofSource(cell)), target: (cell: string) => plain(ofTarget(cell)) };
  return { ...whole, relative: 0, tolerance: 'type' };
}

function ofBits(cell: string): string {
  return /^[01]+$/.test(cell) ? BigInt(`0b${cell}`).toString() : cell;
}

/** A SET as "a,b" and an array as '{a,"b c"}': the same elements, in one order. */
function listOf(cell: string): string {
  if (!cell.startsWith('{') || !cell.endsWith('}')) return cell.split(',').sort().join('\u0000');
  const elements = cell.slice(1, -1).match(/"(?:[^"\\]|\\.)*"|[^,]+/g) ?? [];
  const plain = elements.map((each) => (each.startsWith('"') ? each.slice(1, -1).replace(/\\(.)/g, '$1') : each));
  return plain.sort().join('\u0000');
}

function hexAndText(one: AnswerKind, other: AnswerKind): Way {
  const ofUuid = (cell: string): string => cell.replaceAll('-', '').toLowerCase();
  const isUuid = one === 'uuid' || other === 'uuid';
  const ofText = isUuid ? ofUuid : (cell: string): string => Buffer.from(cell).toString('hex');
  return {
    ...exact(asIs),
    source: TEXTS.has(one) ? ofText : asIs,
    target: TEXTS.has(other) ? ofText : asIs,
  };
}

const DYNAMIC_KINDS: Readonly<Record<string, AnswerKind>> = Object.fromEntries(
  Object.entries(DYNAMIC).map(([kind, mark]) => [mark, kind as AnswerKind]),
);

/**
 * SQLite's values have kinds of their own. The text of the source says its kind, that of the target is put into each form
 * that a value of the source could have.
 */
function dynamicWay(target: AnswerColumn): Way {
  const isFloat = target.kind.startsWith('float');
  return {
    source: (cell) => {
      const kind = DYNAMIC_KINDS[cell.charAt(0)] ?? 'text';
      const value = cell.slice(1);
      if (target.kind === 'timestamp' && (kind === 'integer' || kind === 'float8')) return ofEpoch(value);
      if (target.kind === 'date' && kind === 'integer') return ofEpoch(value);
      if (kind === 'float8' && !isFloat && NUMBERS.has(target.kind)) return shortest(value);
      return wayOf({ name: '', kind }, target).source(value);
    },
    target: (cell) => {
      if (MOMENTS.has(target.kind)) return wholeMoment(cell);
      if (NUMBERS.has(target.kind) && !isFloat) return plainNumber(cell) ?? cell;
      return wayOf(target, target).target(cell);
    },
    relative: isFloat ? FLOAT8_RELATIVE : 0,
    tolerance: 'type',
  };
}

/** A double as the shortest decimal that is it. */
function shortest(value: string): string {
  return plainNumber(String(Number(value))) ?? value;
}

const MILLISECONDS_FROM = 1e11;

/** Seconds since 1970, or milliseconds where they would be far in the future. */
function ofEpoch(value: string): string {
  const number = Number(value);
  const at = new Date(Math.abs(number) >= MILLISECONDS_FROM ? number : number * 1000);
  if (Number.isNaN(at.getTime())) return value;
  return wholeMoment(at.toISOString());
}

/** For folding texts that a collation takes for equal: case, accents, padding. */
export function folded(cell: Cell): Cell {
  return cell === null
    ? null
    : cell.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/ß/g, 'ss').replace(/ +$/, '');
}
