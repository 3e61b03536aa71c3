import type { TableMapping } from '../../contracts/mapping.js';
import { keyIdentity, rowIdentity } from '../canonical.js';
import type { CanonicalBatch, KeyRange, ScanOptions } from '../source.js';
import { CanonicalWriter, FieldView } from './canonical-values.js';
import type { MysqlSession } from './connect.js';
import type { Attempt } from './errors.js';
import { asText, fedBatches, type FedBatch, type RowPacket } from './scan-feed.js';
import { scanSelect, type ScanSelect } from './scan-select.js';
import { quoteTable, rangeClause } from './sql.js';

/** Soft limits of a batch. */
const ROWS_MAX = 4096;
const BYTES_MAX = 1 << 20;
/** What a batch has room for at first: a small table needs no more. */
const ROWS_FIRST = 128;

class CanonicalRows implements FedBatch {
  rows = 0;
  end = new Int32Array(ROWS_FIRST);
  keys: string[] = [];
  readonly writer = new CanonicalWriter();
  readonly view = new FieldView();

  get bytes(): Buffer {
    return this.writer.bytes;
  }

  get isFull(): boolean {
    return this.rows >= ROWS_MAX || this.writer.at >= BYTES_MAX;
  }

  /** False when the packet does not have the announced fields. */
  add(packet: RowPacket, select: ScanSelect, withKeys: boolean): boolean {
    const { columns, keys } = select;
    const { view, writer } = this;
    view.bytes = packet.buffer;
    for (const column of columns) {
      const length = packet.readLengthCodedNumber();
      if (length === null) {
        writer.empty();
        continue;
      }
      view.from = packet.offset;
      packet.offset += length;
      view.to = packet.offset;
      column.encode(view, writer);
    }
    if (withKeys) this.keys.push(identityOf(keyFields(packet, keys.length), select.keyed));
    if (this.rows === this.end.length) {
      const grown = new Int32Array(this.end.length * 2);
      grown.set(this.end);
      this.end = grown;
    }
    this.end[this.rows++] = writer.at;
    return packet.offset === packet.end;
  }

  reset(): void {
    this.rows = 0;
    this.keys = [];
    this.writer.at = 0;
  }
}

const NOTHING = Buffer.alloc(0);

function keyFields(packet: RowPacket, count: number): (Buffer | null)[] {
  const fields: (Buffer | null)[] = [];
  for (let field = 0; field < count; field++) {
    const length = packet.readLengthCodedNumber();
    fields.push(length === null ? null : packet.buffer.subarray(packet.offset, packet.offset + length));
    packet.offset += length ?? 0;
  }
  return fields;
}

function identityOf(fields: readonly (Buffer | null)[], keyed: boolean): string {
  return keyed ? keyIdentity(fields.map((field) => field ?? NOTHING)) : rowIdentity(fields, () => 0);
}

export interface ScanRequest {
  readonly table: TableMapping;
  readonly range: KeyRange;
  readonly options: ScanOptions;
}

/** Rows of a key range in canonical form. */
export async function* scanRows(session: MysqlSession, request: ScanRequest): AsyncGenerator<CanonicalBatch> {
  const { table, range, options } = request;
  const { schema, name } = table.source;
  options.signal?.throwIfAborted();
  const attempt: Attempt = { attempted: 'prove', on: `${schema}.${name}`, schema, table: name };
  const select = await scanSelect(session, table);
  const list = [...select.columns.map((column) => column.sql), ...(options.keys ? select.keys : [])].join(', ');
  const feeding = {
    rows: asText(session, `SELECT ${list} FROM ${quoteTable(table.source)}${rangeClause(table, range)}`),
    attempt,
    make: () => new CanonicalRows(),
    take: (packet: RowPacket, batch: CanonicalRows) => batch.add(packet, select, options.keys),
  };
  yield* fedBatches(session, feeding, options.signal);
}
