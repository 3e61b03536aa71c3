import { copiedColumns } from '../../contracts/mapping.js';
import type { TableMapping } from '../../contracts/mapping.js';
import type { Issue } from '../../contracts/record.js';
import { keyIdentity, rowIdentity } from '../../databases/canonical.js';
import type { RowBatch } from '../../databases/source.js';
import type { QuarantineEntry, ValueLedgerEntry } from '../../databases/target.js';
import type { CopySink } from './byte-sink.js';
import { nameOf } from './column-rules.js';
import type { Encoder, Seal } from './row-encoder.js';

const NOTHING = Buffer.alloc(0);

/**
 * Rows from PostgreSQL to PostgreSQL: lines of COPY's text form, whose fields nobody looks at. Only a row that the
 * target refuses is taken apart, for its key.
 */
export class LinePasser implements Encoder {
  readonly quarantined: QuarantineEntry[] = [];
  readonly changed: ValueLedgerEntry[] = [];
  readonly broken: string[] = [];
  readonly #seal: Seal;
  readonly #context: string;
  /** Places of the key's fields in a line; undefined without a key. */
  readonly #key: readonly number[] | undefined;

  constructor(table: TableMapping, seal: Seal) {
    const copied = copiedColumns(table).map((column) => column.source);
    this.#seal = seal;
    this.#context = `${table.source.schema}.${table.source.name}`;
    this.#key = table.rowKey?.map((name) => copied.indexOf(name));
  }

  open(): void {
    // Nobody looks at fields.
  }

  encode({ bytes, start, end }: RowBatch, row: number, sink: CopySink): boolean {
    const from = start[row] ?? 0;
    const to = end[row] ?? 0;
    sink.ensure(to - from);
    bytes.copy(sink.bytes, sink.length, from, to);
    sink.length += to - from;
    return true;
  }

  quarantine({ bytes, start, end }: RowBatch, row: number, fault: { issue: Issue }): void {
    const line = bytes.subarray(start[row] ?? 0, end[row] ?? 0);
    const { identity, key } = this.#identify(fieldsOf(line));
    this.quarantined.push({
      keyIdentity: identity,
      key,
      reason: nameOf(fault.issue),
      column: null,
      row: this.#seal(line, this.#context),
    });
  }

  #identify(fields: readonly (Buffer | null)[]): { identity: string; key: Buffer } {
    if (this.#key === undefined) return { identity: rowIdentity(fields, () => 0), key: NOTHING };
    const key = this.#key.map((at) => fields[at] ?? NOTHING);
    const plain = JSON.stringify(key.map((field) => field.toString('base64')));
    return { identity: keyIdentity(key), key: this.#seal(Buffer.from(plain), this.#context) };
  }
}

const TAB = 0x09;
const LINE_END = 0x0a;
const BACKSLASH = 0x5c;
const ESCAPED: Readonly<Record<string, number>> = { b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 };

/** Fields of a line of COPY's text form; null is SQL's NULL. */
export function fieldsOf(line: Buffer): (Buffer | null)[] {
  const to = line.at(-1) === LINE_END ? line.length - 1 : line.length;
  const fields: (Buffer | null)[] = [];
  for (let from = 0; from <= to;) {
    const tab = line.indexOf(TAB, from);
    const next = tab < 0 || tab > to ? to : tab;
    fields.push(fieldOf(line.subarray(from, next)));
    from = next + 1;
  }
  return fields;
}

function fieldOf(text: Buffer): Buffer | null {
  if (text.length === 2 && text.toString('latin1') === String.raw`\N`) return null;
  if (!text.includes(BACKSLASH)) return text;
  const bytes = Buffer.alloc(text.length);
  let size = 0;
  for (let at = 0; at < text.length; at += 1) {
    let byte = text[at] ?? 0;
    if (byte === BACKSLASH) {
      at += 1;
      byte = text[at] ?? BACKSLASH;
      byte = ESCAPED[String.fromCharCode(byte)] ?? byte;
    }
    bytes[size++] = byte;
  }
  return bytes.subarray(0, size);
}
