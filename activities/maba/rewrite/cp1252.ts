/**
 * Code points of the bytes 0x80 to 0x9f in Windows-1252, which MySQL calls latin1. The five bytes without a character
 * stand for the control characters of the same number, as browsers and MySQL take them.
 */
const HIGH = [
  0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d,
  0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,
  0x017e, 0x0178,
] as const;
const FIRST = 0x80;
const LAST = 0x9f;
const BYTES: ReadonlyMap<number, number> = new Map(HIGH.map((point, at) => [point, FIRST + at]));

/** The text of the bytes, as UTF-8. Every byte has a character. */
export function fromCp1252(bytes: Uint8Array): Buffer {
  const points = Array.from(bytes, (byte) => (byte >= FIRST && byte <= LAST ? (HIGH[byte - FIRST] ?? byte) : byte));
  return Buffer.from(points.map((point) => String.fromCodePoint(point)).join(''));
}

/** The bytes of a text; undefined where it has a character that the set has not. */
export function toCp1252(utf8: Uint8Array): Buffer | undefined {
  const bytes: number[] = [];
  for (const character of Buffer.from(utf8).toString('utf8')) {
    const point = character.codePointAt(0) ?? 0;
    const byte = BYTES.get(point) ?? (point < FIRST || (point > LAST && point <= 0xff) ? point : undefined);
    if (byte === undefined) return undefined;
    bytes.push(byte);
  }
  return Buffer.from(bytes);
}
