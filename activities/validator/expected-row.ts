import { NULL_MARK, ODD_MARK } from '../../databases/canonical.js';

/** A field of a canonical row: its value, or its raw bytes where it has no canonical form. */
export interface CanonicalField {
  readonly state: 'value' | 'odd' | 'null';
  readonly bytes: Buffer;
  /** As it stands in the row, with its frame. */
  readonly framed: Buffer;
}

/** What must stand in the target; undefined: the ledger is not true. */
export type Expect = (field: CanonicalField, column: number) => Buffer | undefined;

/** A source row as it must stand in the target; undefined where the ledger is not true of one of its fields. */
export function expectedRow(row: Buffer, expect: Expect): Buffer | undefined {
  const parts: Buffer[] = [];
  let at = 0;
  for (let column = 0; at < row.length; column += 1) {
    const field = fieldAt(row, at);
    const expected = expect(field, column);
    if (expected === undefined) return undefined;
    parts.push(expected);
    at += field.framed.length;
  }
  return Buffer.concat(parts);
}

/** The fields of a canonical row. */
export function fieldsOf(row: Buffer): CanonicalField[] {
  const fields: CanonicalField[] = [];
  for (let at = 0; at < row.length;) {
    const field = fieldAt(row, at);
    fields.push(field);
    at += field.framed.length;
  }
  return fields;
}

export const NULL_FIELD = Buffer.from([0xff, 0xff, 0xff, 0xff]);

/** A canonical value with its length in front. */
export function framed(value: Buffer): Buffer {
  const field = Buffer.allocUnsafe(4 + value.length);
  field.writeUInt32BE(value.length, 0);
  value.copy(field, 4);
  return field;
}

function fieldAt(row: Buffer, at: number): CanonicalField {
  const mark = row.readUInt32BE(at);
  if (mark === NULL_MARK) return { state: 'null', bytes: NULL_FIELD, framed: row.subarray(at, at + 4) };
  const odd = mark === ODD_MARK;
  const from = at + (odd ? 8 : 4);
  const to = from + (odd ? row.readUInt32BE(at + 4) : mark);
  return { state: odd ? 'odd' : 'value', bytes: row.subarray(from, to), framed: row.subarray(at, to) };
}
