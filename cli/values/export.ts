import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { CaravanFailure } from '../../contracts/failures.js';
import type { CliContext } from '../cli-context.js';
import { withSession } from '../session.js';
import { countText } from '../text-table.js';
import { LEDGERS, withKept } from './kept.js';
import type { Kept, KindOption } from './kept.js';
import type { OpenedBytes, OpenedEntry } from './opened.js';

export interface ExportOptions {
  readonly out: string;
  readonly format: 'csv' | 'jsonl';
  readonly kind: KindOption;
}

/** Characters that are written at once. */
const WRITE_LENGTH = 256 * 1024;

/** `caravan values export`: all of them, opened, into a file that only its owner can read. */
export async function runValuesExport(
  context: CliContext,
  migrationId: string,
  options: ExportOptions,
): Promise<number> {
  const path = resolve(context.cwd, options.out);
  return withSession(context, (session) =>
    withKept(context, session, {
      migrationId,
      work: async (kept) => {
        const written = await privately(path, (write) => exportTo(write, kept, options));
        if (kept.note !== '') context.tell(kept.note);
        context.print(
          `${countText(written)} ${written === 1 ? 'entry' : 'entries'} in ${path}, in plain text: delete it when you are done`,
        );
        return 0;
      },
    }),
  );
}

/** Written aside and put in place when it is whole: no half of it is ever taken for all. */
async function privately(path: string, fill: (write: (text: string) => void) => Promise<number>): Promise<number> {
  const aside = `${path}.${randomBytes(6).toString('hex')}.new`;
  const handle = openAside(aside, path);
  try {
    try {
      const written = await fill((text) => {
        writeAll(handle, Buffer.from(text));
      });
      fsyncSync(handle);
      renameSync(aside, path);
      return written;
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    rmSync(aside, { force: true });
    if (error instanceof CaravanFailure) throw error;
    throw unwritable(path, error);
  }
}

function openAside(aside: string, path: string): number {
  try {
    return openSync(aside, 'wx', 0o600);
  } catch (error) {
    throw unwritable(path, error);
  }
}

function writeAll(handle: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at);
}

function unwritable(path: string, error: unknown): CaravanFailure {
  const seen = `the system says ${(error as NodeJS.ErrnoException).code ?? 'no'}`;
  return new CaravanFailure('USAGE', { attempted: 'write', on: path, seen, next: 'Name another --out.' }, error);
}

async function exportTo(write: (text: string) => void, kept: Kept, { format, kind }: ExportOptions): Promise<number> {
  let written = 0;
  let waiting = format === 'csv' ? csvLine(CSV_HEAD) : '';
  const put = (text: string): void => {
    waiting += text;
    if (waiting.length < WRITE_LENGTH) return;
    write(waiting);
    waiting = '';
  };
  for (const ledger of LEDGERS[kind]) {
    const counts = await kept.counts(ledger);
    const before = written;
    for await (const entry of kept.entries(ledger, { values: true })) {
      put(format === 'csv' ? csvLine(csvCells(entry)) : `${JSON.stringify(entry)}\n`);
      written += 1;
    }
    requireAll(
      counts.reduce((sum, { count }) => sum + count, 0),
      written - before,
    );
  }
  write(waiting);
  return written;
}

/** A purge at the same time takes entries away. */
function requireAll(counted: number, written: number): void {
  if (counted === written) return;
  throw new CaravanFailure('NOT_NOW', {
    attempted: 'export',
    on: 'the values',
    seen: `${String(counted)} were there, and ${String(written)} could be read`,
    next: 'Try again.',
  });
}

const CSV_HEAD = ['kind', 'table', 'key', 'column', 'rule', 'sealed_at', 'encoding', 'value'];

/** Keys and rows are JSON in their cell, for they have several fields. */
function csvCells({ kind, table, key, column, rule, sealedAt, value, row }: OpenedEntry): string[] {
  const [encoding, text] = value === undefined ? ['json', JSON.stringify(row ?? {})] : encoded(value);
  return [kind, table, key === null ? '' : JSON.stringify(key), column ?? '', rule, sealedAt ?? '', encoding, text];
}

function encoded(value: OpenedBytes): [string, string] {
  return 'text' in value ? ['text', value.text] : ['base64', value.base64];
}

function csvLine(cells: readonly string[]): string {
  return `${cells.map((cell) => (/[",\r\n]|^\s|\s$/u.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')}\r\n`;
}
