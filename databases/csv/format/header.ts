import { kindsOf } from '../text-types.js';

/** What is known of a cell of the first rows. */
export interface Cell {
  readonly text: string;
  readonly isNull: boolean;
  /** As in text-types.ts; 0: only text. */
  readonly kinds: number;
}

export function cellOf(text: string, isNull: boolean): Cell {
  const bytes = Buffer.from(text);
  return { text, isNull, kinds: isNull ? 0 : kindsOf(bytes, 0, bytes.length) };
}

interface GuessedHeader {
  readonly header: boolean;
  /** By its looks only. */
  readonly headerGuessed?: true;
  readonly reason: string;
}

/**
 * Is the first row a header? Not when a cell of it is a number, a date, true or false or the like. Sure, when a column
 * has only such values below. Else it is one when all of its cells are there and are different.
 */
export function guessHeader(rows: readonly (readonly Cell[])[]): GuessedHeader {
  const [first = [], ...rest] = rows;
  if (first.some(({ kinds }) => kinds !== 0))
    return { header: false, reason: 'no header: the first row holds a number, a date or a like value' };
  const typed = first.findIndex((cell, at) => {
    const below = rest.flatMap((row) => (row[at] === undefined || row[at].isNull ? [] : [row[at]]));
    return !cell.isNull && below.length > 0 && below.reduce((kinds, one) => kinds & one.kinds, -1) !== 0;
  });
  if (typed >= 0)
    return { header: true, reason: `header: below "${short(first[typed]?.text)}" stand only values of another kind` };
  const names = first.map(({ text }) => text.trim());
  if (names.every((name) => name !== '') && new Set(names).size === names.length)
    return {
      header: true,
      headerGuessed: true,
      reason: 'header, by its looks only: all cells of the first row are there and are different',
    };
  return {
    header: false,
    reason: 'no header: cells of the first row are empty or equal, and nothing tells it from the others',
  };
}

function short(text: string | undefined): string {
  return (text ?? '').slice(0, 40);
}

export interface NamedColumns {
  readonly columns: readonly string[];
  readonly reasons: readonly string[];
}

/** Names of columns: without blanks around them, a number where there is none, and one more where it is taken. */
export function nameColumns(header: readonly string[]): NamedColumns {
  const taken = new Set<string>();
  const reasons: string[] = [];
  const given = new Set(header.map((name) => name.trim()));
  const columns = header.map((raw, at) => {
    const name = raw.trim();
    const wanted = name === '' ? `column_${String(at + 1)}` : name;
    let free = wanted;
    for (let count = 2; taken.has(free) || (free !== wanted && given.has(free)); count += 1)
      free = `${wanted}_${String(count)}`;
    taken.add(free);
    if (free !== name)
      reasons.push(
        `column ${String(at + 1)} is named "${short(free)}": its name is ${name === '' ? 'empty' : 'there already'}`,
      );
    else if (name !== raw) reasons.push(`column ${String(at + 1)} is named without the blanks around "${short(name)}"`);
    return free;
  });
  return { columns, reasons };
}

export function numberedColumns(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `column_${String(at + 1)}`);
}
