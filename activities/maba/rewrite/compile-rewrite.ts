import { isUtf8 } from 'node:buffer';
import { assertNever } from '../../../contracts/failures.js';
import type { ColumnMapping, TableMapping, TextStep } from '../../../contracts/mapping.js';
import { isTextStep } from '../../../contracts/mapping.js';
import type { FieldRewrite } from '../../../contracts/record.js';
import { fromCp1252, toCp1252 } from './cp1252.js';

/** The next form of a text; null ends in NULL. */
type Step = (text: Buffer) => Buffer | null;

/**
 * MABA's rewriting of texts: what the plan repairs, then its text steps, before KORA checks the field. The proof does
 * it again by code of its own.
 */
export function compileRewrite(table: TableMapping): readonly (FieldRewrite | undefined)[] {
  return table.columns.map(rewriteOf);
}

function rewriteOf(column: ColumnMapping): FieldRewrite | undefined {
  const repairs = repairsOf(column);
  const steps = column.transform.filter(isTextStep).map(stepOf);
  if (repairs.length + steps.length === 0) return undefined;
  return (bytes) => {
    let text: Buffer | null = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    for (const repair of repairs) text = repair(text) ?? text;
    // What is no text is left to the check.
    if (isUtf8(text)) {
      for (const step of steps) {
        text = step(text);
        if (text === null) return null;
      }
    }
    return text.equals(bytes) ? undefined : text;
  };
}

function repairsOf({ values = {} }: ColumnMapping): Step[] {
  const repairs: Step[] = [];
  if (values.nul_character?.do === 'remove') repairs.push((text) => Buffer.from(text.filter((byte) => byte !== 0)));
  if (values.invalid_utf8?.do === 'decode') repairs.push((text) => (isUtf8(text) ? text : fromCp1252(text)));
  return repairs;
}

function stepOf(step: TextStep): Step {
  switch (step.op) {
    case 'trim':
      return trimmed;
    case 'lower':
      return (text) => Buffer.from(text.toString().toLowerCase());
    case 'upper':
      return (text) => Buffer.from(text.toString().toUpperCase());
    case 'empty_to_null':
      return (text) => (text.length === 0 ? null : text);
    case 'replace':
      return replacer(Buffer.from(step.find), Buffer.from(step.with));
    case 'decode':
      return decoded;
    default:
      return assertNever(step, 'text step');
  }
}

/** Space, and the control characters from tab to carriage return. */
function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d);
}

function trimmed(text: Buffer): Buffer {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text[start])) start += 1;
  while (end > start && isBlank(text[end - 1])) end -= 1;
  return text.subarray(start, end);
}

function replacer(find: Buffer, other: Buffer): Step {
  return (text) => {
    const parts: Buffer[] = [];
    let from = 0;
    for (let at = text.indexOf(find); at >= 0; at = text.indexOf(find, from)) {
      parts.push(text.subarray(from, at), other);
      from = at + find.length;
    }
    return from === 0 ? text : Buffer.concat([...parts, text.subarray(from)]);
  };
}

/** Text that was UTF-8 and was taken for Windows-1252; a text that cannot have come about so stays. */
function decoded(text: Buffer): Buffer {
  const bytes = toCp1252(text);
  return bytes !== undefined && isUtf8(bytes) ? bytes : text;
}
