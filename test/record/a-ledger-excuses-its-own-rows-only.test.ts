import { describe, expect, it } from 'vitest';
import { compareChunk } from '../../activities/validator/compare-chunk.js';
import { compileTransform } from '../../activities/maba/compile-transform.js';
import { CopySink } from '../../activities/worker/byte-sink.js';
import { RowEncoder } from '../../activities/worker/row-encoder.js';
import { ISSUE } from '../../contracts/record.js';
import type { FieldCodec } from '../../contracts/record.js';
import { NULL_MARK, rowIdentity } from '../../databases/canonical.js';
import type { CanonicalBatch, Reader } from '../../databases/source.js';
import type { Chunk, RowExceptions, Target } from '../../databases/target.js';
import { batchOf, column, compileChecks, openSeal, rowsOf, tableOf } from './record-fixtures.js';

type Row = readonly (string | null)[];

const TABLE = tableOf([
  column({ type: 'varchar(4)', kind: 'text' }, 'name'),
  column({ type: 'json', kind: 'json' }, 'body'),
  column({ type: 'varchar(4)', kind: 'text', nullable: false, onInvalid: 'quarantine' }, 'place'),
]);

/** Two equal rows with a name that is too long, two equal ones for the quarantine, one with two bad values. */
const ROWS: readonly Row[] = [
  ['ann', '{}', 'x'],
  ['too long', '{}', 'x'],
  ['too long', '{}', 'x'],
  ['too long', 'no JSON', 'y'],
  ['bob', '[1]', 'much too long'],
  ['bob', '[1]', 'much too long'],
  ['', null, ''],
  [null, null, ''],
];

interface Copied {
  rows: Row[];
  readonly entries: { readonly identity: string; readonly column: string | null }[];
}

/** What the copy's own encoder makes of the rows. */
function copied(rows: readonly Row[], spoil?: (codecs: readonly FieldCodec[]) => readonly FieldCodec[]): Copied {
  const codecs = compileTransform(TABLE);
  const compiled = { checks: compileChecks(TABLE), codecs: spoil?.(codecs) ?? codecs };
  const encoder = new RowEncoder(TABLE, compiled, openSeal);
  const sink = new CopySink();
  const batch = batchOf(rows);
  for (let row = 0; row < batch.rows; row += 1) encoder.encode(batch, row, sink);
  return {
    rows: rowsOf(Buffer.concat(sink.take())).map((row) => row.map((field) => field?.toString() ?? null)),
    entries: [
      ...encoder.changed.map((entry) => ({ identity: entry.keyIdentity, column: entry.column })),
      ...encoder.quarantined.map((entry) => ({ identity: entry.keyIdentity, column: null })),
    ],
  };
}

function canonical(rows: readonly Row[]): CanonicalBatch {
  const u32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  const framed = rows.map((row) =>
    Buffer.concat(
      row.flatMap((field) => (field === null ? [u32(NULL_MARK)] : [u32(field.length), Buffer.from(field)])),
    ),
  );
  let at = 0;
  return {
    rows: rows.length,
    bytes: Buffer.concat(framed),
    end: Int32Array.from(framed.map((row) => (at += row.length))),
    keys: rows.map((row) =>
      rowIdentity(
        row.map((field) => (field === null ? null : Buffer.from(field))),
        () => 0,
      ),
    ),
  };
}

async function* once(rows: readonly Row[]): AsyncGenerator<CanonicalBatch> {
  yield await Promise.resolve(canonical(rows));
}

function exceptionsOf({ entries }: Copied): Map<string, RowExceptions> {
  const found = new Map<string, { changed: Map<string, { count: number; rule: string }>; quarantined: number }>();
  for (const { identity, column: name } of entries) {
    const of = found.get(identity) ?? { changed: new Map<string, { count: number; rule: string }>(), quarantined: 0 };
    found.set(identity, of);
    if (name === null) of.quarantined += 1;
    else of.changed.set(name, { count: (of.changed.get(name)?.count ?? 0) + 1, rule: 'too_long' });
  }
  return found;
}

async function proven(source: readonly Row[], target: Copied): Promise<{ equal: boolean; quarantined: number }> {
  const reader = { scan: () => once(source) } as unknown as Reader;
  const ledger = { exceptions: () => Promise.resolve(exceptionsOf(target)) };
  const end = { ledger, scan: () => once(target.rows) } as unknown as Target;
  const comparison = { table: TABLE, reader, target: end, signal: new AbortController().signal, onRows: () => 0 };
  const chunk: Chunk = {
    table: 'shop.things',
    chunk: 0,
    done: true,
    epoch: 1,
    rows: target.rows.length,
    bytes: 0,
    quarantined: target.entries.filter((entry) => entry.column === null).length,
    changed: target.entries.filter((entry) => entry.column !== null).length,
  };
  return compareChunk(comparison, chunk);
}

describe('the proof of a table without a key', () => {
  it('is green where every value that could not go is in the ledger, equal rows as often as there are', async () => {
    const target = copied(ROWS);
    expect(target.entries).toHaveLength(6);
    expect(await proven(ROWS, target)).toMatchObject({ equal: true, quarantined: 2 });
  });

  it('is red when an entry is missing, doubled, or of another row or column', async () => {
    const honest = copied(ROWS);
    const [first, ...rest] = honest.entries;
    const identity = first?.identity ?? '';
    const forged = [
      rest,
      [...honest.entries, { identity, column: 'name' }],
      [...honest.entries, { identity, column: 'body' }],
      [...honest.entries, { identity, column: 'nowhere' }],
      [...honest.entries, { identity, column: null }],
      [...honest.entries, { identity: 'nobody', column: 'name' }],
      [...honest.entries, { identity: 'nobody', column: null }],
      [...rest, { identity: canonical(ROWS).keys[0] ?? '', column: 'name' }],
      honest.entries.slice(0, -1),
      // The value is NULL in the source anyway.
      [...honest.entries, { identity: canonical(ROWS).keys.at(-1) ?? '', column: 'name' }],
    ];
    for (const [at, entries] of forged.entries()) {
      expect((await proven(ROWS, { rows: honest.rows, entries })).equal, `forgery ${String(at)}`).toBe(false);
    }
  });

  it('is red when one of two equal rows lost a value without an entry, or came twice', async () => {
    const honest = copied(ROWS);
    const lost = honest.rows.map((row, at) => (at === 0 ? [null, ...row.slice(1)] : row));
    expect((await proven(ROWS, { ...honest, rows: lost })).equal).toBe(false);
    expect((await proven(ROWS, { ...honest, rows: [...honest.rows, honest.rows[1] ?? []] })).equal).toBe(false);
    expect((await proven([...ROWS, ROWS[1] ?? []], honest)).equal).toBe(false);
  });

  it('is red when a codec of the copy stores another value and says nothing', async () => {
    const nothing: FieldCodec = () => ISSUE.ok;
    const target = copied(ROWS, (codecs) => codecs.map((codec, at) => (at === 1 ? nothing : codec)));
    expect(target.rows[0]).toEqual(['ann', '', 'x']);
    expect((await proven(ROWS, target)).equal).toBe(false);
    const asNull = target.rows.map((row) => row.map((field) => (field === '' ? null : field)));
    expect((await proven(ROWS, { ...target, rows: asNull })).equal).toBe(false);
  });
});
