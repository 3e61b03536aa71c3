import { CaravanFailure } from '../../contracts/failures.js';

/** PostgreSQL cuts longer names silently (NAMEDATALEN - 1); two names could then become one. */
export const NAME_BYTES_MAX = 63;

/** A quoted identifier. Refuses what PostgreSQL would cut, or could not hold. */
export function quoted(name: string): string {
  const bytes = Buffer.byteLength(name);
  if (bytes === 0 || bytes > NAME_BYTES_MAX || name.includes('\0') || !name.isWellFormed()) {
    throw new CaravanFailure('PLAN_INVALID', {
      attempted: 'use the name',
      on: name.replaceAll('\0', '\\0').slice(0, 80),
      seen: `it has ${bytes} bytes or holds a character that no name may hold; names have 1 to ${NAME_BYTES_MAX} bytes`,
    });
  }
  return `"${name.replaceAll('"', '""')}"`;
}

export function qualified(schema: string, name: string): string {
  return `${quoted(schema)}.${quoted(name)}`;
}

export function quotedList(names: readonly string[]): string {
  return names.map(quoted).join(', ');
}

/** A string literal; sessions pin standard_conforming_strings, so only the quote is special. */
export function literal(text: string): string {
  if (text.includes('\0')) {
    throw new CaravanFailure('PLAN_INVALID', {
      attempted: 'use the text',
      on: 'literal',
      seen: 'it holds a NUL character',
    });
  }
  return `'${text.replaceAll("'", "''")}'`;
}

/** The longest prefix of at most `bytes` UTF-8 bytes that cuts no character. */
export function cutToBytes(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  let end = bytes;
  while (end > 0 && ((encoded[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return encoded.toString('utf8', 0, end);
}

/** Name of the array type that PostgreSQL makes beside a type or table. */
export function arrayTypeName(name: string): string {
  return `_${cutToBytes(name, NAME_BYTES_MAX - 1)}`;
}
