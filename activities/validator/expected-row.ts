import { NULL_MARK, ODD_MARK } from '../../databases/canonical.js';

/**
 * A source row as it must stand in the target: ledgered fields become NULL. Undefined where the ledger is not true: it
 * names a field that the row does not have, or that is NULL in the source.
 */
export function expectedRow(row: Buffer, changed: ReadonlySet<number>): Buffer | undefined {
  const parts: Buffer[] = [];
  let replaced = 0;
  let at = 0;
  for (let column = 0; at < row.length; column += 1) {
    const next = endOfField(row, at);
    const isReplaced = changed.has(column) && row.readUInt32BE(at) !== NULL_MARK;
    if (isReplaced) replaced += 1;
    parts.push(isReplaced ? NULL_FIELD : row.subarray(at, next));
    at = next;
  }
  return replaced === changed.size ? Buffer.concat(parts) : undefined;
}

const NULL_FIELD = Buffer.from([0xff, 0xff, 0xff, 0xff]);

function endOfField(row: Buffer, at: number): number {
  const mark = row.readUInt32BE(at);
  if (mark === NULL_MARK) return at + 4;
  return mark === ODD_MARK ? at + 8 + row.readUInt32BE(at + 4) : at + 4 + mark;
}
