import { TextDecoder } from 'node:util';

/** A line of a log. What is longer than `LINE_CHARACTERS` is cut; its rest is read and let go. */
export interface Line {
  readonly number: number;
  readonly text: string;
  readonly cut: boolean;
  /** It holds bytes that are no UTF-8. */
  readonly binary: boolean;
}

/** Longer than the longest statement that is kept, so that whoever reads a cut line knows that it is too long. */
export const LINE_BYTES = 1_100_000;
const NEWLINE = 10;

/** Lines of a stream of bytes, in constant memory. */
export async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const parts: Uint8Array[] = [];
  let held = 0;
  let cut = false;
  let number = 1;
  const hold = (part: Uint8Array): void => {
    const room = LINE_BYTES - held;
    if (part.length > room) cut = true;
    if (room > 0 && part.length > 0) parts.push(part.slice(0, room));
    held += Math.min(Math.max(room, 0), part.length);
  };
  const line = (): Line => {
    const whole = Buffer.concat(parts);
    const made = { number, ...decoded(whole, decoder, cut), cut };
    parts.length = 0;
    [held, cut, number] = [0, false, number + 1];
    return made;
  };
  for await (const chunk of bytes) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      hold(chunk.subarray(from, end));
      yield line();
      from = end + 1;
    }
    hold(chunk.subarray(from));
  }
  if (held > 0) yield line();
}

function decoded(bytes: Buffer, decoder: TextDecoder, cut: boolean): { text: string; binary: boolean } {
  const end = bytes.at(-1) === 13 ? bytes.length - 1 : bytes.length;
  const body = bytes.subarray(0, end);
  try {
    return { text: decoder.decode(body), binary: false };
  } catch {
    // Where it was cut, a character may have lost its end.
    return { text: body.toString('utf8'), binary: !cut };
  }
}
