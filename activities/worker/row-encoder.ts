import type { TableMapping } from '../../contracts/mapping.js';
import type { ChecksOfText } from '../../contracts/validator.js';
import { ISSUE, STORED } from '../../contracts/record.js';
import type { CompiledRule, FieldCheck, FieldCodec, FieldRewrite, Issue } from '../../contracts/record.js';
import { keyIdentity, rowIdentity } from '../../databases/canonical.js';
import { STORAGE } from '../../databases/source.js';
import type { RowBatch } from '../../databases/source.js';
import type { QuarantineEntry, ValueLedgerEntry } from '../../databases/target.js';
import type { CopySink } from './byte-sink.js';
import { columnRules, nameOf, refusedValue } from './column-rules.js';
import type { ColumnRules } from './column-rules.js';

/** Seals bytes that may not lie open anywhere; `context` binds them to their place. Must not keep the bytes. */
export type Seal = (bytes: Uint8Array, context: string) => Buffer;

/** What the copy does with the rows of a batch. */
export interface Encoder {
  /** Called with every batch, before its rows. */
  open(batch: RowBatch): void;
  readonly quarantined: QuarantineEntry[];
  readonly changed: ValueLedgerEntry[];
  /** Rules that rows broke, one id for each time. */
  readonly broken: string[];
  /** Appends the row to the sink; false when it went to quarantine. */
  encode(batch: RowBatch, row: number, sink: CopySink): boolean;
  quarantine(batch: RowBatch, row: number, fault: { column: number | null; issue: Issue }): void;
}

/** Bytes that stand in front of a field: its length, or the mark of NULL. */
const FRAME_BYTES = 4;
const NULL_LENGTH = -1;
/** Bytes that stand in front of a row: the number of its fields. */
const HEAD_BYTES = 2;

const NOTHING = Buffer.alloc(0);

/**
 * PostgreSQL reads a field into one buffer of less than 1 GiB, makes one tuple of all of them, and fails the statement
 * beyond. The rest is left for a tuple's padding, and for the rows that are sent in one message with this one.
 */
const ROW_BYTES_MAX = 2 ** 30 - 2 ** 20;

/** One column, made ready for the loop. */
interface CompiledColumn extends ColumnRules {
  readonly check: FieldCheck;
  /** Enough for a field of a batch whose bytes are text. */
  readonly checkOfText: FieldCheck;
  readonly codec: FieldCodec;
  readonly rewrite: FieldRewrite | undefined;
  /** The server reckons it: it is not written. */
  readonly computed: boolean;
}

/** Beside the issues: the text became NULL. */
const REWRITTEN_TO_NULL = -1;

export interface CompiledRow {
  readonly checks: readonly FieldCheck[];
  readonly ofText?: ChecksOfText;
  readonly codecs: readonly FieldCodec[];
  readonly rewrites?: readonly (FieldRewrite | undefined)[];
  readonly rowBytesMax?: number;
  readonly computed?: ReadonlySet<string>;
  readonly rules?: readonly CompiledRule[];
}

/**
 * One row from source bytes to a row of COPY's binary form, checked by KORA and encoded by MABA. A field without a faithful form becomes
 * NULL with an entry in the value ledger; a row that cannot be represented goes to quarantine and leaves no bytes.
 */
export class RowEncoder implements Encoder {
  readonly quarantined: QuarantineEntry[] = [];
  readonly changed: ValueLedgerEntry[] = [];
  readonly broken: string[] = [];
  readonly #rules: readonly CompiledRule[];
  readonly #ofText: ChecksOfText | undefined;
  /** The batch's bytes are text. */
  #isText = false;
  readonly #table: TableMapping;
  readonly #columns: readonly CompiledColumn[];
  readonly #seal: Seal;
  readonly #context: string;
  readonly #rowBytesMax: number;
  readonly #written: number;
  /** Fields of a row that are stored otherwise than they were; reused. */
  readonly #odd: { column: number; rule: string }[] = [];

  constructor(table: TableMapping, compiled: CompiledRow, seal: Seal) {
    this.#table = table;
    this.#columns = table.columns.map((column, index) => {
      const check = compiled.checks[index];
      const codec = compiled.codecs[index];
      if (check === undefined || codec === undefined) throw new Error(`column "${column.source}" was not compiled`);
      const computed = compiled.computed?.has(column.target) === true;
      const rewrite = compiled.rewrites?.[index];
      const checkOfText = compiled.ofText?.fields[index] ?? check;
      return { check, checkOfText, codec, rewrite, computed, ...columnRules(table, column, { check, codec }) };
    });
    this.#written = this.#columns.filter(({ computed }) => !computed).length;
    this.#seal = seal;
    this.#rules = compiled.rules ?? [];
    this.#ofText = compiled.ofText;
    this.#context = `${table.source.schema}.${table.source.name}`;
    this.#rowBytesMax = compiled.rowBytesMax ?? ROW_BYTES_MAX;
  }

  open({ bytes, spaced }: RowBatch): void {
    this.#isText = spaced !== undefined && this.#ofText?.isText(bytes, spaced) === true;
  }

  /** Appends the row to the sink; false when it went to quarantine. */
  encode(batch: RowBatch, row: number, sink: CopySink): boolean {
    const isText = this.#isText;
    const mark = sink.length;
    const laidBefore = sink.laidBytes;
    const columns = this.#columns;
    const { bytes, start, end, storage } = batch;
    let at = row * batch.fields;
    let odd = 0;
    const fault = batch.broken?.get(row);
    if (fault !== undefined) {
      this.#setAside(batch, row, ISSUE[fault]);
      return false;
    }
    sink.ensure(HEAD_BYTES);
    sink.view.setInt16(mark, this.#written);
    sink.length = mark + HEAD_BYTES;
    for (let column = 0; column < columns.length; column += 1, at += 1) {
      const compiled = columns[column];
      if (compiled === undefined) break;
      if (compiled.computed) continue;
      sink.ensure(FRAME_BYTES);
      const frame = sink.length;
      const laid = sink.laidBytes;
      sink.length = frame + FRAME_BYTES;
      const from = start[at] ?? -1;
      let issue: Issue;
      if (from < 0) {
        if (compiled.takesNull) {
          sink.view.setInt32(frame, NULL_LENGTH);
          continue;
        }
        issue = ISSUE.null_in_not_null;
      } else {
        const to = end[at] ?? 0;
        const kept = storage === undefined ? 0 : (storage[at] ?? 0);
        const rewritten =
          compiled.rewrite === undefined || kept === STORAGE.blob
            ? undefined
            : compiled.rewrite(bytes.subarray(from, to));
        if (rewritten === undefined) {
          issue = isText ? compiled.checkOfText(bytes, from, to, kept) : compiled.check(bytes, from, to, kept);
          if (issue === ISSUE.ok) issue = compiled.codec(bytes, from, to, kept, sink);
        } else issue = encodeText(compiled, rewritten, sink);
        if (issue === ISSUE.ok || issue === REWRITTEN_TO_NULL) {
          const length = sink.length - frame - FRAME_BYTES + sink.laidBytes - laid;
          sink.view.setInt32(frame, issue === ISSUE.ok ? length : NULL_LENGTH);
          if (rewritten !== undefined) this.#odd[odd++] = { column, rule: compiled.rewriteRule };
          continue;
        }
      }
      if (from < 0) return this.#refuse(batch, row, { column, issue, sink, mark });
      const stored = compiled.oddly[issue] ?? 'quarantine';
      if (stored === 'fail') throw refusedValue(this.#table, column, issue);
      if (stored === 'quarantine') return this.#refuse(batch, row, { column, issue, sink, mark });
      if (stored === 'null') sink.view.setInt32(frame, NULL_LENGTH);
      else putReplacement(stored, frame, sink);
      this.#odd[odd++] = { column, rule: stored === 'null' ? nameOf(issue) : STORED.replaced + nameOf(issue) };
    }
    if (sink.length - mark + sink.laidBytes - laidBefore > this.#rowBytesMax) {
      return this.#refuse(batch, row, { column: null, issue: ISSUE.too_long, sink, mark });
    }
    const rule = this.#rules.length === 0 ? undefined : this.#ruledOut(batch, row, odd);
    if (rule !== undefined) return this.#refuse(batch, row, { column: rule, issue: ISSUE.rule_broken, sink, mark });
    if (odd > 0) this.#ledger(batch, row, odd);
    return true;
  }

  quarantine(batch: RowBatch, row: number, fault: { column: number | null; issue: Issue }): void {
    const { identity, key } = this.#key(batch, row);
    this.quarantined.push({
      keyIdentity: identity,
      key,
      reason: nameOf(fault.issue),
      column: fault.column === null ? null : (this.#table.columns[fault.column]?.target ?? null),
      row: this.#seal(rowBytes(batch, row, this.#columns.length), this.#context),
    });
  }

  /** The column by which the row breaks a rule that keeps such rows out; all rules that it breaks are counted. */
  #ruledOut(batch: RowBatch, row: number, odd: number): number | undefined {
    const base = row * batch.fields;
    const isOdd = (place: number): boolean => this.#odd.some(({ column }, at) => at < odd && column === place);
    const fieldOf = (place: number): Uint8Array | null | undefined => {
      if (isOdd(place)) return undefined;
      const start = batch.start[base + place] ?? -1;
      return start < 0 ? null : batch.bytes.subarray(start, batch.end[base + place] ?? 0);
    };
    const storageOf = (place: number): number => batch.storage?.[base + place] ?? 0;
    let out: number | undefined;
    for (const rule of this.#rules) {
      if (!rule.isBroken(fieldOf, storageOf)) continue;
      this.broken.push(rule.id);
      if (rule.quarantine) out ??= rule.columns[0];
    }
    return out;
  }

  /** A row that was not taken apart is told by all its bytes, whatever the table's key is. */
  #setAside(batch: RowBatch, row: number, issue: Issue): void {
    const at = row * batch.fields;
    const bytes = batch.bytes.subarray(batch.start[at], batch.end[at]);
    this.quarantined.push({
      keyIdentity: rowIdentity([bytes], () => 0),
      key: NOTHING,
      reason: nameOf(issue),
      column: null,
      row: this.#seal(framed(bytes), this.#context),
    });
  }

  #refuse(
    batch: RowBatch,
    row: number,
    { sink, mark, ...fault }: { column: number | null; issue: Issue; sink: CopySink; mark: number },
  ): false {
    sink.rewind(mark);
    this.quarantine(batch, row, fault);
    return false;
  }

  #ledger(batch: RowBatch, row: number, odd: number): void {
    const { identity, key } = this.#key(batch, row);
    const base = row * batch.fields;
    for (const { column, rule } of this.#odd.slice(0, odd)) {
      const at = base + column;
      this.changed.push({
        keyIdentity: identity,
        key,
        column: this.#table.columns[column]?.target ?? '',
        rule,
        original: this.#seal(batch.bytes.subarray(batch.start[at] ?? 0, batch.end[at] ?? 0), this.#context),
      });
    }
  }

  #key(batch: RowBatch, row: number): { identity: string; key: Buffer } {
    const base = row * batch.fields;
    const field = (at: number): Buffer | null => {
      const start = batch.start[base + at] ?? -1;
      return start < 0 ? null : batch.bytes.subarray(start, batch.end[base + at] ?? 0);
    };
    const columns = this.#columns.length;
    if (batch.fields === columns) {
      const whole = this.#columns.map((_, at) => field(at));
      return { identity: rowIdentity(whole, (at) => batch.storage?.[base + at] ?? 0), key: NOTHING };
    }
    const fields = Array.from({ length: batch.fields - columns }, (_, at) => field(columns + at) ?? NOTHING);
    const plain = JSON.stringify(fields.map((field) => Buffer.from(field).toString('base64')));
    return { identity: keyIdentity(fields), key: this.#seal(Buffer.from(plain), this.#context) };
  }
}

/** Checks and encodes a text that was rewritten, as the source's own. */
function encodeText(column: CompiledColumn, text: Uint8Array | null, sink: CopySink): Issue {
  if (text === null) return column.takesNull ? REWRITTEN_TO_NULL : ISSUE.null_in_not_null;
  const issue = column.check(text, 0, text.length, STORAGE.null);
  return issue === ISSUE.ok ? column.codec(text, 0, text.length, STORAGE.null, sink) : issue;
}

function putReplacement(encoded: Uint8Array, frame: number, sink: CopySink): void {
  sink.ensure(encoded.length);
  sink.bytes.set(encoded, frame + FRAME_BYTES);
  sink.length = frame + FRAME_BYTES + encoded.length;
  sink.view.setInt32(frame, encoded.length);
}

function framed(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
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
