import type { ComparedTable, InTable } from '../../../contracts/activities.js';
import { qualified } from '../../../contracts/catalogue.js';
import type { TableMapping } from '../../../contracts/mapping.js';
import type { Finding } from '../../../contracts/migration.js';
import type { ExistingSnapshot } from '../../../databases/existing.js';
import type { CanonicalBatch, KeyRange, Reader, Snapshot, Source } from '../../../databases/source.js';
import { CaravanFailure } from '../../../contracts/failures.js';
import type { Deps } from '../../deps.js';
import { mappingOf, planOf } from '../../ends.js';
import type { Alive } from '../../heartbeat.js';
import type { SnapshotHost } from '../../snapshot-host.js';
import { compareSent } from '../compare-sent.js';
import { hashSides } from '../hash-sides.js';
import { fieldsOf } from '../expected-row.js';
import { RowSetHash, rowOf } from '../row-hash.js';
import { formsOf } from './forms.js';
import type { Forms } from './forms.js';
import { identityOf, pairRows } from './pairs.js';
import type { Fields } from './pairs.js';
import { differencesOf } from './row-differences.js';
import { putExamples } from './examples.js';
import { Tally } from './tally.js';

/** Compares a table of both snapshots; what differs is found, paired by key, and classed. Nothing is repaired. */
export async function compareTable(
  { deps, host }: { readonly deps: Deps; readonly host: SnapshotHost },
  input: InTable & { snapshotId: string },
  alive: Alive,
): Promise<ComparedTable> {
  const { migrationId } = input;
  const plan = await planOf(deps, input.planId);
  const table = mappingOf(plan, input.table);
  const held = bothOf(host, input.snapshotId);
  const compared = await new TableComparison({ ...held, table, alive }).run();
  const { tally, ...report } = compared;
  const ordinal = plan.document.migration.tables.indexOf(table);
  await putExamples(deps, { migrationId, table, ordinal, examples: tally.examples });
  await deps.store.migrations.putTable(migrationId, report);
  const data = {
    table: input.table,
    equal: compared.equal,
    rows: report.targetRows,
    differed: Number(!compared.equal),
  };
  deps.bus.publish({ type: 'verification.table_proven', migrationId, at: new Date().toISOString(), data });
  return { ...report, equal: compared.equal, findings: compared.findings };
}

/** Both sides of a comparison; SNAPSHOT_LOST where this process holds none of the target. */
export function bothOf(host: SnapshotHost, snapshotId: string): Both {
  const { source, snapshot, target } = host.get(snapshotId);
  if (target !== undefined) return { source, snapshot, target };
  const parts = { attempted: 'use snapshot', on: snapshotId, seen: 'this process holds none of the target' };
  throw new CaravanFailure('SNAPSHOT_LOST', parts);
}

interface Both {
  readonly source: Source;
  readonly snapshot: Snapshot;
  readonly target: ExistingSnapshot;
}

type Result = Omit<ComparedTable, 'findings'> & { readonly findings: Finding[]; readonly tally: Tally };

class TableComparison {
  readonly #parts: Both & { readonly table: TableMapping; readonly alive: Alive };
  readonly #forms: Forms;
  /** Places of the key's columns; empty: rows are told apart by their whole content. */
  readonly #keys: readonly number[];
  readonly #source = new RowSetHash();
  readonly #target = new RowSetHash();
  readonly #tally: Tally;
  #rows = 0;

  constructor(parts: Both & { readonly table: TableMapping; readonly alive: Alive }) {
    const { table } = parts;
    this.#parts = parts;
    this.#forms = formsOf(table);
    this.#keys = (table.rowKey ?? []).map((key) => table.columns.findIndex(({ source }) => source === key));
    this.#tally = new Tally(table, this.#keys);
  }

  async run(): Promise<Result> {
    const { table, source } = this.#parts;
    const name = qualified(table.source);
    const bounds = table.chunkKey === undefined ? [] : await source.chunkBounds(table);
    for (const range of rangesOf(bounds)) await this.#range(range);
    const findings = this.#tally.findings(name);
    return {
      source: name,
      target: qualified(table.target),
      sourceRows: this.#source.count,
      targetRows: this.#target.count,
      quarantinedRows: 0,
      changedValues: 0,
      sourceHash: this.#source.hex(),
      targetHash: this.#target.hex(),
      equal: this.#source.equals(this.#target) && findings.length === 0,
      findings,
      tally: this.#tally,
    };
  }

  async #range(range: KeyRange): Promise<void> {
    await this.#parts.snapshot.lend(async (reader) => {
      const sent = this.#forms.asTheyAre ? await this.#compareSent(reader, range) : undefined;
      if (sent !== undefined) {
        this.#source.merge(sent);
        this.#target.merge(sent);
        return;
      }
      const both = await hashSides(this.#sourceRows(reader, range), this.#targetRows(range));
      this.#source.merge(both.source);
      this.#target.merge(both.target);
      if (!both.source.equals(both.target)) await this.#locate(reader, range);
    });
  }

  #compareSent(reader: Reader, range: KeyRange): Promise<RowSetHash | undefined> {
    const { table, target, alive } = this.#parts;
    const onRows = (rows: number): void => {
      this.#report(rows);
    };
    return compareSent({ table, reader, target, signal: alive.signal, onRows }, range);
  }

  #report(rows: number): void {
    this.#rows += rows;
    this.#parts.alive.report({ rows: this.#rows });
  }

  async #locate(reader: Reader, range: KeyRange): Promise<void> {
    const differences = await differencesOf(this.#sourceRows(reader, range), this.#targetRows(range));
    const { pairs, lost, extra, untold } = pairRows(differences, this.#keys);
    this.#tally.pairs(pairs);
    this.#tally.rows('lost_rows', lost);
    const [again, strange] = await this.#known(reader, { range, extra });
    this.#tally.rows('duplicated_rows', again);
    this.#tally.rows('extra_rows', strange);
    this.#tally.untold(untold);
  }

  /** Rows of the target whose key, or without a key whose content, the source has; and the others. */
  async #known(
    reader: Reader,
    { range, extra }: { readonly range: KeyRange; readonly extra: readonly Fields[] },
  ): Promise<[known: Fields[], strange: Fields[]]> {
    if (extra.length === 0) return [[], []];
    const identity = (fields: Fields): string => identityOf(fields, this.#keys);
    const wanted = new Set(extra.map(identity));
    const known = new Set<string>();
    for await (const batch of this.#sourceRows(reader, range)) {
      for (let index = 0; index < batch.rows && known.size < wanted.size; index += 1) {
        const found = identity(fieldsOf(rowOf(batch, index)));
        if (wanted.has(found)) known.add(found);
      }
    }
    const isKnown = (fields: Fields): boolean => known.has(identity(fields));
    return [extra.filter(isKnown), extra.filter((fields) => !isKnown(fields))];
  }

  async *#sourceRows(reader: Reader, range: KeyRange): AsyncGenerator<CanonicalBatch> {
    const { table, alive } = this.#parts;
    for await (const batch of this.#forms.source(reader.scan(table, range, { keys: false, signal: alive.signal }))) {
      yield batch;
      this.#report(batch.rows);
    }
  }

  #targetRows(range: KeyRange): AsyncIterable<CanonicalBatch> {
    const { table, target, alive } = this.#parts;
    return this.#forms.target(target.scan(table, range, { keys: false, signal: alive.signal }));
  }
}

function rangesOf(bounds: readonly string[]): KeyRange[] {
  return Array.from({ length: bounds.length + 1 }, (_, at) => {
    const [lower, upper] = [bounds[at - 1], bounds[at]];
    return { ...(lower !== undefined && { lower }), ...(upper !== undefined && { upper }) };
  });
}
