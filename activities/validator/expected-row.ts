import { NULL_MARK, ODD_MARK } from '../../databases/canonical.js';

/**
 * A source row as it must stand in the target: ledgered fields become NULL. In a table without a usable key the ledger
 * cannot name the row; there every field without a canonical form (it is odd) becomes NULL, and `odd` counts them for
 * the comparison with the ledger.
 */
export function expectedRow(
  row: Buffer,
  options: { readonly changed: ReadonlySet<number> | undefined; readonly keyless: boolean },
): { readonly row: Buffer; readonly odd: number } {
  if (options.changed === undefined && !options.keyless) return { row, odd: 0 };
  const parts: Buffer[] = [];
  let odd = 0;
  let at = 0;
  for (let column = 0; at < row.length; column += 1) {
    const { next, isOdd } = fieldAt(row, at);
    const replace = options.changed?.has(column) === true || (options.keyless && isOdd);
    if (replace) odd += 1;
    parts.push(replace ? NULL_FIELD : row.subarray(at, next));
    at = next;
  }
  return { row: Buffer.concat(parts), odd };
}

const NULL_FIELD = Buffer.from([0xff, 0xff, 0xff, 0xff]);

function fieldAt(row: Buffer, at: number): { next: number; isOdd: boolean } {
  const mark = row.readUInt32BE(at);
  if (mark === NULL_MARK) return { next: at + 4, isOdd: false };
  if (mark === ODD_MARK) return { next: at + 8 + row.readUInt32BE(at + 4), isOdd: true };
  return { next: at + 4 + mark, isOdd: false };
}
