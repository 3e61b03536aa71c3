import { isUtf8 } from 'node:buffer';
import { qualified } from '../../contracts/catalogue.js';
import type { TableMapping } from '../../contracts/mapping.js';
import type { SecretBox } from '../../platform/secrets/secret-box.js';
import type { ArchivedEntry, LedgerKind } from '../../platform/store/store.js';

/** Bytes as the source gave them: as text where they are text that every reader takes, else in base64. */
export type OpenedBytes = { readonly text: string } | { readonly base64: string };

/** Fields by column of the source; null is NULL. A column that the plan does not tell has its number. */
export type OpenedFields = Readonly<Record<string, OpenedBytes | null>>;

/** An entry of the value ledger or the quarantine, opened. */
export interface OpenedEntry {
  readonly kind: 'changed' | 'quarantined';
  /** Source table, "schema.name". */
  readonly table: string;
  /** null: the table has no key. */
  readonly key: OpenedFields | null;
  /** Target column; null where the whole row is at fault. */
  readonly column: string | null;
  readonly rule: string;
  readonly sealedAt: string | null;
  /** Of a changed value. */
  readonly value?: OpenedBytes;
  /** Of a quarantined row. */
  readonly row?: OpenedFields;
}

export type Opener = (kind: LedgerKind, entry: ArchivedEntry, options: { readonly values: boolean }) => OpenedEntry;

/** Opens entries; `tables` are those of the migration's plan, for the names of keys and columns. */
export function openerOf(box: SecretBox, tables: readonly TableMapping[]): Opener {
  const mappings = new Map(tables.map((table) => [qualified(table.source), table]));
  return (kind, entry, { values }) => {
    const mapping = mappings.get(entry.table);
    const head = {
      table: entry.table,
      key: entry.key.length === 0 ? null : keyOf(box.open(entry.key, entry.table), mapping?.rowKey ?? []),
      column: entry.column,
      rule: entry.reason,
      sealedAt: entry.sealedAt,
    };
    const open = (): Buffer => box.open(entry.bytes, entry.table);
    if (kind === 'value_ledger') return { kind: 'changed', ...head, ...(values && { value: bytesOf(open()) }) };
    const names = mapping?.columns.map(({ source }) => source) ?? [];
    return { kind: 'quarantined', ...head, ...(values && { row: rowOf(open(), names) }) };
  };
}

export function bytesOf(bytes: Buffer): OpenedBytes {
  // NUL is valid UTF-8, and few readers take it.
  return isUtf8(bytes) && !bytes.includes(0) ? { text: bytes.toString() } : { base64: bytes.toString('base64') };
}

function named(fields: readonly (Buffer | null)[], names: readonly string[]): OpenedFields {
  const known = names.length === fields.length ? names : [];
  // A column may be called "__proto__".
  return Object.fromEntries(
    fields.map((field, at) => [known[at] ?? String(at + 1), field === null ? null : bytesOf(field)]),
  );
}

/** As the copy sealed it: JSON of the fields in base64. */
function keyOf(opened: Buffer, names: readonly string[]): OpenedFields {
  const fields = JSON.parse(opened.toString()) as readonly string[];
  return named(
    fields.map((field) => Buffer.from(field, 'base64')),
    names,
  );
}

const NULL_LENGTH = 0xffffffff;

/** As the copy sealed it: each field as 4-byte big-endian length (0xFFFFFFFF for NULL) and bytes. */
export function rowOf(opened: Buffer, names: readonly string[]): OpenedFields {
  const fields: (Buffer | null)[] = [];
  for (let at = 0; at < opened.length;) {
    const length = opened.readUInt32BE(at);
    at += 4;
    fields.push(length === NULL_LENGTH ? null : opened.subarray(at, at + length));
    if (length !== NULL_LENGTH) at += length;
  }
  return named(fields, names);
}
