import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { onTestFinished } from 'vitest';
import type { Catalogue, CatalogueTable } from '../../contracts/catalogue.js';
import type { ColumnMapping, TableMapping } from '../../contracts/mapping.js';
import { NULL_MARK, ODD_MARK } from '../../databases/canonical.js';
import type { KeyRange, Reader, Source } from '../../databases/source.js';
import { openSqliteSource } from '../../databases/sqlite/source.js';

/** A path in a folder of its own, removed when the test is over. */
export function temporaryFile(name = 'shop.sqlite'): string {
  const folder = mkdtempSync(join(tmpdir(), 'caravan-test-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return join(folder, name);
}

/** A database made by `sql`; the writer stays open for the test. */
export function database(sql: string, path = temporaryFile()): { path: string; writer: DatabaseSync } {
  const writer = new DatabaseSync(path);
  writer.exec(sql);
  onTestFinished(() => {
    if (writer.isOpen) writer.close();
  });
  return { path, writer };
}

export async function source(path: string): Promise<Source> {
  const opened = await openSqliteSource({ engine: 'sqlite', path });
  onTestFinished(() => opened.close());
  return opened;
}

export async function reader(path: string): Promise<Reader> {
  return (await source(path)).openReader();
}

export function tableOf(catalogue: Catalogue, name: string): CatalogueTable {
  const table = catalogue.tables.find((candidate) => candidate.name === name);
  if (!table) throw new Error(`no table ${name}`);
  return table;
}

type Kinds = Readonly<Record<string, ColumnMapping['kind'] | Partial<ColumnMapping>>>;

/** A mapping of a table, made by hand: source column to kind, or to parts of a column mapping. */
export function mapping(name: string, kinds: Kinds, parts: Partial<TableMapping> = {}): TableMapping {
  const columns = Object.entries(kinds).map(([column, kind]): ColumnMapping => {
    const more: Partial<ColumnMapping> = typeof kind === 'string' ? { kind } : kind;
    return {
      ...{ source: column, target: column, type: 'text', kind: 'text', sourceNullable: true, nullable: true },
      ...{ transform: [{ op: 'as_is' }], limits: {}, onInvalid: 'null', confidence: 1, reasons: [] },
      ...more,
    };
  });
  return {
    ...{ source: { schema: 'main', name }, target: { schema: 'public', name }, columns, uniqueKeys: [], indexes: [] },
    ...{ foreignKeys: [], checks: [], chunkRows: 1000, estimatedRows: 0, transactional: true, ...parts },
  };
}

/** Every field of every row as [storage, bytes]; null is null. */
export async function readAll(from: Reader, table: TableMapping, range: KeyRange = {}): Promise<(Buffer | null)[][]> {
  const rows: (Buffer | null)[][] = [];
  for await (const batch of from.read(table, range)) {
    for (let row = 0; row < batch.rows; row++) {
      const fields: (Buffer | null)[] = [];
      for (let field = row * batch.fields; field < (row + 1) * batch.fields; field++) {
        const isNull = batch.start[field] === -1;
        fields.push(isNull ? null : Buffer.from(batch.bytes.subarray(batch.start[field], batch.end[field])));
      }
      rows.push(fields);
    }
  }
  return rows;
}

export async function storageOf(from: Reader, table: TableMapping): Promise<number[]> {
  const all: number[] = [];
  for await (const batch of from.read(table, {})) {
    all.push(...(batch.storage?.subarray(0, batch.rows * batch.fields) ?? []));
  }
  return all;
}

export interface Scanned {
  readonly rows: (Buffer | null | { readonly odd: Buffer })[][];
  readonly keys: string[];
}

/** Canonical rows, unframed. */
export async function scanAll(from: Reader, table: TableMapping, range: KeyRange = {}): Promise<Scanned> {
  const result: Scanned = { rows: [], keys: [] };
  for await (const batch of from.scan(table, range, { keys: true })) {
    let at = 0;
    for (let row = 0; row < batch.rows; row++) {
      const fields: (Buffer | null | { odd: Buffer })[] = [];
      while (at < (batch.end[row] ?? 0)) {
        let size = batch.bytes.readUInt32BE(at);
        at += 4;
        if (size === NULL_MARK) {
          fields.push(null);
          continue;
        }
        const odd = size === ODD_MARK;
        if (odd) {
          size = batch.bytes.readUInt32BE(at);
          at += 4;
        }
        const bytes = Buffer.from(batch.bytes.subarray(at, at + size));
        fields.push(odd ? { odd: bytes } : bytes);
        at += size;
      }
      result.rows.push(fields);
    }
    result.keys.push(...batch.keys);
  }
  return result;
}

/** The folder of real data, or undefined (then the test says that it skips). */
export function corpus(file: string): string | undefined {
  const folder = process.env.CARAVAN_CORPUS ?? resolve(import.meta.dirname, '../../../shared/data');
  const path = join(folder, file);
  return existsSync(path) ? path : undefined;
}
