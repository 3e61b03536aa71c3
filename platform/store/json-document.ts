/*
 * jsonb refuses U+0000 and lone surrogates, and both can stand in a source's definitions. They are kept as U+FDD0,
 * a code point that is no character and so in no text, and four hex digits; U+FDD0 itself likewise.
 */
const MARK = '\uFDD0';

/** Text to store as jsonb. */
export function encodeJson(value: unknown): string {
  const text = JSON.stringify(value);
  if (!text.includes('\\u') && !text.includes(MARK)) return text;
  return text.replace(/\\u(0000|d[89a-f][0-9a-f]{2})|\\.|\uFDD0/gu, (match: string, hex?: string) => {
    if (hex !== undefined) return MARK + hex;
    return match === MARK ? `${MARK}fdd0` : match;
  });
}

/** The value of text that PostgreSQL gives for a jsonb. */
export function decodeJson(text: string): unknown {
  if (!text.includes(MARK)) return JSON.parse(text);
  return JSON.parse(text.replace(/\uFDD0([0-9a-f]{4})/gu, String.raw`\u$1`));
}
