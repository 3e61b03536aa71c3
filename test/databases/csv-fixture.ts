import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { draftMapping } from '../../activities/maba/mapping/draft-mapping.js';
import type { DraftedMapping } from '../../activities/maba/mapping/draft-mapping.js';
import type { TableMapping } from '../../contracts/mapping.js';
import type { Catalogue } from '../../contracts/catalogue.js';
import type { TableProfile } from '../../contracts/profile.js';
import { NULL_MARK, ODD_MARK } from '../../databases/canonical.js';
import { openCsvSource } from '../../databases/csv/source.js';
import type { Reader, Source } from '../../databases/source.js';

type Files = Readonly<Record<string, string | Uint8Array>>;

/** A folder with these files, removed when the test is over. */
export function csvFolder(files: Files): string {
  const folder = mkdtempSync(join(tmpdir(), 'caravan-csv-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  for (const [name, content] of Object.entries(files)) {
    if (name.endsWith('/')) mkdirSync(join(folder, name));
    else writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** All that discovery and planning make of a folder. */
export interface Planned {
  readonly folder: string;
  readonly source: Source;
  readonly catalogue: Catalogue;
  readonly profiles: readonly TableProfile[];
  readonly drafted: DraftedMapping;
  readonly reader: Reader;
  table(name: string): TableMapping;
}

export async function plan(files: Files): Promise<Planned> {
  const folder = csvFolder(files);
  const source = await openCsvSource({ engine: 'csv', path: folder });
  const catalogue = await source.catalogue();
  const profiles: TableProfile[] = [];
  for (const table of catalogue.tables) profiles.push(await source.profile(table, { sampleAbove: 10 }));
  const drafted = draftMapping({
    ...{ catalogue, profiles, answers: {}, targetSchema: 'public', identifiers: 'lower', learned: [] },
  });
  return {
    ...{ folder, source, catalogue, profiles, drafted, reader: await source.openReader() },
    table: (name) => {
      const found = drafted.mapping.tables.find((candidate) => candidate.source.name === name);
      if (found === undefined) throw new Error(`no table ${name}`);
      return found;
    },
  };
}

/** Rows as the copy has them: texts, null, or of a broken row its fault and its bytes. */
export async function readAll(reader: Reader, table: TableMapping): Promise<(string | null)[][]> {
  const rows: (string | null)[][] = [];
  for await (const batch of reader.read(table, {})) {
    for (let row = 0; row < batch.rows; row += 1) {
      const base = row * batch.fields;
      const fields = Array.from({ length: batch.fields }, (_, at) => {
        const start = batch.start[base + at] ?? -1;
        return start < 0 ? null : batch.bytes.toString('utf8', start, batch.end[base + at]);
      });
      const fault = batch.broken?.get(row);
      rows.push(fault === undefined ? fields : [fault, fields[0] ?? null]);
    }
  }
  return rows;
}

export interface Scanned {
  readonly fields: readonly (string | null)[];
  readonly key: string | undefined;
}

/** Rows as the proof has them; what has no canonical form behind "odd:". */
export async function scanAll(reader: Reader, table: TableMapping): Promise<Scanned[]> {
  const rows: Scanned[] = [];
  for await (const batch of reader.scan(table, {}, { keys: true })) {
    for (let row = 0; row < batch.rows; row += 1) {
      const fields: (string | null)[] = [];
      let at = row === 0 ? 0 : (batch.end[row - 1] ?? 0);
      while (at < (batch.end[row] ?? 0)) {
        const mark = batch.bytes.readUInt32BE(at);
        at += 4;
        if (mark === NULL_MARK) {
          fields.push(null);
          continue;
        }
        const size = mark === ODD_MARK ? batch.bytes.readUInt32BE(at) : mark;
        if (mark === ODD_MARK) at += 4;
        const text = batch.bytes.toString('utf8', at, at + size);
        fields.push(mark === ODD_MARK ? `odd:${text}` : text);
        at += size;
      }
      rows.push({ fields, key: batch.keys[row] });
    }
  }
  return rows;
}
