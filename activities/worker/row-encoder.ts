import type { TableMapping } from '../../contracts/mapping.js';
import { ISSUE, ISSUES } from '../../contracts/record.js';
import type { FieldCheck, FieldCodec, Issue } from '../../contracts/record.js';
import { keyIdentity } from '../../databases/canonical.js';
import type { RowBatch } from '../../databases/source.js';
import type { QuarantineEntry, ValueLedgerEntry } from '../../databases/target.js';
import type { CopySink } from './byte-sink.js';

/** Seals bytes that may not lie open anywhere; `context` binds them to their place. */
export type Seal = (bytes: Uint8Array, context: string) => Buffer;

const TAB = 0x09;
const NEWLINE = 0x0a;
const BACKSLASH = 0x5c;
const LETTER_N = 0x4e;

/**
 * One row from source bytes to COPY text, checked by KORA and encoded by MABA. A field without a faithful form becomes
 * NULL with an entry in the value ledger; a row that cannot be represented goes to quarantine and leaves no bytes.
 */
export class RowEncoder {
  readonly quarantined: QuarantineEntry[] = [];
  readonly changed: ValueLedgerEntry[] = [];
  readonly #table: TableMapping;
  readonly #checks: readonly FieldCheck[];
  readonly #codecs: readonly FieldCodec[];
  readonly #seal: Seal;
  readonly #context: string;
  /** Fields of a row that had no faithful form; reused. */
  readonly #odd: { column: number; issue: Issue }[] = [];

  constructor(table: TableMapping, compiled: { checks: readonly FieldCheck[]; codecs: readonly FieldCodec[] }, seal: Seal) {
    this.#table = table;
    this.#checks = compiled.checks;
    this.#codecs = compiled.codecs;
    this.#seal = seal;
    this.#context = `${table.source.schema}.${table.source.name}`;
  }

  /** Appends the row to the sink; false when it went to quarantine. */
  encode(batch: RowBatch, row: number, sink: CopySink): boolean {
    const mark = sink.length;
    const base = row * batch.fields;
    const columns = this.#codecs.length;
    this.#odd.length = 0;
    for (let column = 0; column < columns; column += 1) {
      if (column > 0) sink.push(TAB);
      const issue = this.#field(batch, base + column, column, sink);
      if (issue === ISSUE.ok) continue;
      const mapping = this.#table.columns[column];
      if (mapping === undefined || !mapping.nullable || mapping.onInvalid === 'quarantine' || this.#isKey(mapping.source)) {
        sink.length = mark;
        this.quarantine(batch, row, { column, issue });
        return false;
      }
      pushNull(sink);
      this.#odd.push({ column, issue });
    }
    sink.push(NEWLINE);
    if (this.#odd.length > 0) this.#ledger(batch, row);
    return true;
  }

  quarantine(batch: RowBatch, row: number, fault: { column: number | null; issue: Issue }): void {
    const { identity, key } = this.#key(batch, row);
    this.quarantined.push({
      keyIdentity: identity,
      key,
      reason: nameOf(fault.issue),
      column: fault.column === null ? null : (this.#table.columns[fault.column]?.target ?? null),
      row: this.#seal(rowBytes(batch, row, this.#codecs.length), this.#context),
    });
  }

  #field(batch: RowBatch, at: number, column: number, sink: CopySink): Issue {
    const start = batch.start[at] ?? -1;
    if (start < 0) {
      if (this.#table.columns[column]?.nullable !== true) return ISSUE.null_in_not_null;
      pushNull(sink);
      return ISSUE.ok;
    }
    const end = batch.end[at] ?? 0;
    const storage = batch.storage === undefined ? 0 : (batch.storage[at] ?? 0);
    const check = this.#checks[column];
    const codec = this.#codecs[column];
    if (check === undefined || codec === undefined) throw new Error('a column was not compiled');
    const issue = check(batch.bytes, start, end, storage);
    return issue === ISSUE.ok ? codec(batch.bytes, start, end, storage, sink) : issue;
  }

  #isKey(column: string): boolean {
    return this.#table.primaryKey !== undefined && (this.#table.rowKey?.includes(column) ?? false);
  }

  #ledger(batch: RowBatch, row: number): void {
    const { identity, key } = this.#key(batch, row);
    const base = row * batch.fields;
    for (const { column, issue } of this.#odd) {
      const at = base + column;
      this.changed.push({
        keyIdentity: identity,
        key,
        column: this.#table.columns[column]?.target ?? '',
        rule: nameOf(issue),
        original: this.#seal(batch.bytes.subarray(batch.start[at] ?? 0, batch.end[at] ?? 0), this.#context),
      });
    }
  }

  #key(batch: RowBatch, row: number): { identity: string; key: Buffer } {
    const fields: Uint8Array[] = [];
    const base = row * batch.fields;
    for (let field = this.#codecs.length; field < batch.fields; field += 1) {
      const start = batch.start[base + field] ?? -1;
      fields.push(start < 0 ? Buffer.alloc(0) : batch.bytes.subarray(start, batch.end[base + field] ?? 0));
    }
    if (fields.length === 0) return { identity: '', key: Buffer.alloc(0) };
    const plain = JSON.stringify(fields.map((field) => Buffer.from(field).toString('base64')));
    return { identity: keyIdentity(fields), key: this.#seal(Buffer.from(plain), this.#context) };
  }
}

function pushNull(sink: CopySink): void {
  sink.push(BACKSLASH);
  sink.push(LETTER_N);
}

function nameOf(issue: Issue): string {
  return ISSUES[issue] ?? 'bad_form';
}

/** The row's original bytes: each field as 4-byte big-endian length (0xFFFFFFFF for NULL) and bytes. */
function rowBytes(batch: RowBatch, row: number, columns: number): Buffer {
  const parts: Buffer[] = [];
  for (let column = 0; column < columns; column += 1) {
    const at = row * batch.fields + column;
    const start = batch.start[at] ?? -1;
    const length = Buffer.alloc(4);
    length.writeUInt32BE(start < 0 ? 0xffffffff : (batch.end[at] ?? 0) - start);
    parts.push(length);
    if (start >= 0) parts.push(batch.bytes.subarray(start, batch.end[at] ?? 0));
  }
  return Buffer.concat(parts);
}
