import { isUtf8 } from 'node:buffer';
import { assertNever } from '../../contracts/failures.js';
import type { ColumnMapping, TableMapping, TextStep } from '../../contracts/mapping.js';
import { isTextStep } from '../../contracts/mapping.js';

/**
 * The proof's own making of rewritten texts: from the source's text, by other means than the copy's. Bytes that are no
 * text come raw.
 */
export type Rewriting = (raw: Buffer) => Buffer | null;

/** By column; undefined where nothing is rewritten. */
export function rewritings(table: TableMapping): readonly (Rewriting | undefined)[] {
  return table.columns.map((column) => {
    const steps = column.transform.filter(isTextStep);
    const { nul_character: nul, invalid_utf8: invalid } = column.values ?? {};
    if (steps.length === 0 && nul?.do !== 'remove' && invalid?.do !== 'decode') return undefined;
    return (raw) => rewritten(column, steps, raw);
  });
}

function rewritten({ values = {} }: ColumnMapping, steps: readonly TextStep[], raw: Buffer): Buffer | null {
  const bytes = values.nul_character?.do === 'remove' ? withoutNul(raw) : raw;
  let text: string;
  if (isUtf8(bytes)) text = bytes.toString('utf8');
  else if (values.invalid_utf8?.do === 'decode') text = bytes.toString('latin1').replace(/[^]/g, characterOf);
  else return bytes;
  for (const step of steps) {
    if (step.op === 'empty_to_null' && text === '') return null;
    text = next(text, step);
  }
  return Buffer.from(text, 'utf8');
}

/** U+0000 is one byte in every character's place, so it can be cut out of bytes that are no UTF-8, too. */
function withoutNul(raw: Buffer): Buffer {
  return Buffer.from(raw.toString('latin1').replaceAll('\0', ''), 'latin1');
}

function next(text: string, step: TextStep): string {
  switch (step.op) {
    case 'trim':
      return text.replace(/^[ \t\n\v\f\r]+/, '').replace(/[ \t\n\v\f\r]+$/, '');
    case 'lower':
      return text.toLowerCase();
    case 'upper':
      return text.toUpperCase();
    case 'empty_to_null':
      return text;
    case 'replace':
      return text.split(step.find).join(step.with);
    case 'decode':
      return taken(text);
    default:
      return assertNever(step, 'text step');
  }
}

/** Windows-1252 from byte 0x80 to byte 0x9f. */
const HIGH = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

function characterOf(byte: string): string {
  return HIGH[byte.charCodeAt(0) - 0x80] ?? byte;
}

/** Each character back to its byte; as it was where one has none, or where the bytes are no UTF-8. */
function taken(text: string): string {
  const bytes = Buffer.alloc(text.length);
  for (let at = 0; at < text.length; at += 1) {
    const place = HIGH.indexOf(text.charAt(at));
    const code = place < 0 ? text.charCodeAt(at) : 0x80 + place;
    if (code > 0xff || (place < 0 && code >= 0x80 && code < 0xa0)) return text;
    bytes[at] = code;
  }
  return isUtf8(bytes) ? bytes.toString('utf8') : text;
}
