import { isUtf8 } from 'node:buffer';
import { ISSUE } from '../../contracts/record.js';
import type { FieldCheck, Issue } from '../../contracts/record.js';
import type { Limits } from '../../contracts/mapping.js';
import { STORAGE } from './storage.js';

/** UTF-8 without U+0000, which PostgreSQL cannot hold, and no longer than the column takes. */
export function textCheck(limits: Limits): FieldCheck {
  const most = limits.maxCharacters ?? Infinity;
  return (bytes, start, end, storage) => {
    if (storage === STORAGE.blob) return ISSUE.wrong_storage;
    let ascii = true;
    for (let at = start; at < end; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte === 0) return ISSUE.nul_character;
      if (byte >= 0x80) ascii = false;
    }
    if (ascii) return end - start > most ? ISSUE.too_long : ISSUE.ok;
    return wideCheck(bytes.subarray(start, end), most);
  };
}

function wideCheck(bytes: Uint8Array, most: number): Issue {
  if (!isUtf8(bytes)) return ISSUE.invalid_utf8;
  return bytes.length > most && characters(bytes) > most ? ISSUE.too_long : ISSUE.ok;
}

/** Code points: every byte that is no continuation byte. */
function characters(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if ((byte & 0xc0) !== 0x80) count += 1;
  return count;
}

export function enumCheck(limits: Limits): FieldCheck {
  const labels = (limits.labels ?? []).map((label) => Buffer.from(label, 'utf8'));
  return (bytes, start, end) => (labels.some((label) => equals(label, bytes, start, end)) ? ISSUE.ok : ISSUE.bad_label);
}

function equals(label: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (label.length !== end - start) return false;
  for (let at = 0; at < label.length; at += 1) if (label[at] !== bytes[start + at]) return false;
  return true;
}

/** Text that parses as JSON; PostgreSQL refuses other text. */
export const jsonCheck: FieldCheck = (() => {
  const asText = textCheck({});
  return (bytes, start, end, storage) => {
    const issue = asText(bytes, start, end, storage);
    if (issue !== ISSUE.ok) return issue;
    try {
      JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8'));
      return ISSUE.ok;
    } catch {
      return ISSUE.bad_form;
    }
  };
})();

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const uuidCheck: FieldCheck = (bytes, start, end) =>
  end - start === 36 && UUID.test(Buffer.from(bytes.buffer, bytes.byteOffset + start, 36).toString('latin1'))
    ? ISSUE.ok
    : ISSUE.bad_form;
