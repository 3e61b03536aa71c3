import type { Shape } from '../../contracts/profile.js';
import { canonicalTimestamp } from './canonical-text.js';

const DATE_LIKE = /^\d{4}-\d\d-\d\d(?:$|[ T])/;
const MOMENT = /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?$/;
const ZERO_DATE = /^0000-00-00(?:[ T]00:00(?::00(?:\.0+)?)?)?Z?$/;
const INTEGER = /^[+-]?\d{1,20}$/;
const DECIMAL = /^[+-]?\d+\.\d+$/;
const EMAIL = /^[^\s@]{1,64}@[^\s@]+\.[^\s@.]{2,}$/;
const URL_LIKE = /^(?:https?|ftp):\/\/\S+$/i;
const PHONE = /^\+?\d[\d\s().\/-]{5,18}\d$/;
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const FLAGS = new Set(['0', '1', 't', 'f', 'y', 'n', 'true', 'false', 'yes', 'no']);
/** Longer texts are looked at as free text only. */
const SHAPE_MAX = 4096;

/** What a text looks like; the first that fits. A date need not be a possible one: `dateCause` tells. */
export function shapeOf(text: string): Shape | undefined {
  const { length } = text;
  if (length === 0 || length > SHAPE_MAX) return undefined;
  const first = text.charCodeAt(0);
  if (first === 0x7b || first === 0x5b) return isJson(text) ? 'json' : undefined;
  const digits = (first >= 0x30 && first <= 0x39) || first === 0x2b || first === 0x2d || first === 0x28;
  if (digits) {
    if (DATE_LIKE.test(text)) return length === 10 ? 'date' : MOMENT.test(text) ? 'timestamp' : undefined;
    if (INTEGER.test(text)) return length <= 9 || first !== 0x2b ? 'integer' : 'phone';
    if (DECIMAL.test(text)) return 'decimal';
    if (PHONE.test(text)) return 'phone';
  }
  if (length === 36 && UUID.test(text)) return 'uuid';
  if (text.includes('@')) return EMAIL.test(text) ? 'email' : undefined;
  return text.includes('://') && URL_LIKE.test(text) ? 'url' : undefined;
}

/** Does it stand for yes or no? Counted beside the shape, since "0" is an integer too. */
export function isFlag(text: string): boolean {
  return text.length <= 5 && FLAGS.has(text.toLowerCase());
}

export function dateCause(text: string): 'zero_date' | 'impossible_date' | 'date' | undefined {
  if (text.length < 10 || !DATE_LIKE.test(text)) return undefined;
  if (ZERO_DATE.test(text)) return 'zero_date';
  return canonicalTimestamp(text) === undefined ? 'impossible_date' : 'date';
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Unicode of the bytes 0x80 to 0x9f in windows-1252; the five holes stand for themselves, as in WHATWG. */
const CP1252 = new Map(
  Array.from({ length: 32 }, (_, place) => {
    const byte = 0x80 + place;
    return [new TextDecoder('windows-1252').decode(Uint8Array.of(byte)).charCodeAt(0), byte] as const;
  }),
);
const strictUtf8 = new TextDecoder('utf-8', { fatal: true });
const ASCII_ONLY = /^[\0-\x7f]*$/;

/**
 * UTF-8 that was taken for latin1 or windows-1252 and encoded once more: every character is a byte of that code page,
 * and the bytes are UTF-8 with at least one sequence of several bytes ("ZÃ¼rich").
 */
export function isMojibake(text: string): boolean {
  if (ASCII_ONLY.test(text)) return false;
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    const byte = code < 0x100 ? code : CP1252.get(code);
    if (byte === undefined) return false;
    bytes[index] = byte;
  }
  try {
    strictUtf8.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

const SURROGATES = /[\ud800-\udbff]/g;

/** Length in characters (code points). */
export function characters(text: string): number {
  if (ASCII_ONLY.test(text)) return text.length;
  return text.length - (text.match(SURROGATES)?.length ?? 0);
}
