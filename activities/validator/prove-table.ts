import type { InTable, ProvenTable } from '../../contracts/activities.js';
import { qualified } from '../../contracts/catalogue.js';
import type { TableMapping } from '../../contracts/mapping.js';
import type { Finding, TableReport } from '../../contracts/migration.js';
import { STORED } from '../../contracts/record.js';
import type { Chunk, Target } from '../../databases/target.js';
import type { Deps } from '../deps.js';
import { mappingOf, openTargetOf, planOf, withEnd } from '../ends.js';
import type { Alive } from '../heartbeat.js';
import type { SnapshotHost } from '../snapshot-host.js';
import { compareChunk, differingKeys } from './compare-chunk.js';
import type { ComparedChunk, Comparison } from './compare-chunk.js';
import { RowSetHash } from './row-hash.js';

/** Copies one chunk again from the snapshot of the proof; joined in workers/. */
export type RepairChunk = (
  input: InTable & { readonly chunk: number; readonly snapshotId: string; readonly plain: boolean },
  alive: Alive,
) => Promise<void>;

/** Times that a differing chunk is copied again. */
const MAX_REPAIRS = 2;

export interface Proving {
  readonly deps: Deps;
  readonly host: SnapshotHost;
  readonly repairChunk: RepairChunk;
}

type ProveInput = InTable & { readonly snapshotId: string; readonly repair: boolean; readonly stale?: boolean };

/**
 * Proves one table equal to the source at S2: every chunk of the ledger, both sides. With `repair`, differing chunks
 * are copied again from S2 and compared again.
 */
export async function proveTable(proving: Proving, input: ProveInput, alive: Alive): Promise<ProvenTable> {
  const opening = openTargetOf(proving.deps, input.migrationId);
  return withEnd(opening, (target) => proveTableIn(target, { ...proving, alive }, input), alive.signal);
}

/** The same, on a target that is open. */
export async function proveTableIn(
  target: Target,
  { deps, host, repairChunk, alive }: Proving & { readonly alive: Alive },
  input: ProveInput,
): Promise<ProvenTable> {
  const table = mappingOf(await planOf(deps, input.planId), input.table);
  const repair = async (chunk: number, plain: boolean): Promise<void> => repairChunk({ ...input, chunk, plain }, alive);
  // A repair needs the reader that this proof holds when there is only one: it lends one for each chunk.
  const compare = <T>(work: (comparison: Comparison) => Promise<T>): Promise<T> =>
    host.lend(input.snapshotId, input.table, (reader) => {
      let rows = 0;
      const onRows = (more: number): void => {
        rows += more;
        alive.report({ rows });
        deps.failpoint('prove.mid');
      };
      return work({ table, reader, target, signal: alive.signal, onRows });
    });
  const stale = input.stale === true;
  const proof = new TableProof({ table, target, compare, stale, repair: input.repair ? repair : undefined });
  const proven = await proof.run(input.table);
  await deps.store.migrations.putTable(input.migrationId, reportOf(proven));
  announce(deps, input.migrationId, proven);
  return { ...proven, findings: [...proven.findings, ...(await emptied(deps, input, table, proven))] };
}

/** A source table that had rows, and has none at S2: the target is as empty, which is told. */
async function emptied(
  deps: Deps,
  { migrationId, table: name }: InTable,
  table: TableMapping,
  { equal, sourceRows }: ProvenTable,
): Promise<Finding[]> {
  if (!equal || sourceRows > 0 || table.rows === 'none') return [];
  const copied = (await deps.store.migrations.copied(migrationId)).find((fact) => fact.table === name)?.rows ?? 0;
  const rows = Math.max(copied, Math.round(table.estimatedRows));
  if (rows === 0) return [];
  const detail = `${name} held ${String(rows)} row(s) when it was ${copied > 0 ? 'copied' : 'looked at'}, and none when it was proven: so it is in the target.`;
  const code = 'table_emptied';
  return [{ id: `${code}:${name}`, code, kind: 'data', object: name, count: rows, disposition: 'listed', detail }];
}

interface ProofParts {
  readonly table: TableMapping;
  readonly target: Target;
  readonly compare: <T>(work: (comparison: Comparison) => Promise<T>) => Promise<T>;
  readonly repair: ((chunk: number, plain: boolean) => Promise<void>) | undefined;
  /** Chunks with exceptions are copied again before they are compared. */
  readonly stale: boolean;
}

class TableProof {
  readonly #parts: ProofParts;
  readonly #source = new RowSetHash();
  readonly #target = new RowSetHash();
  #quarantined = 0;
  #equal = true;
  #differed = 0;
  #repaired = 0;
  #keys = 0;
  /** Hash of the validator that the table's rows must pass. */
  #validator: string | undefined;

  constructor(parts: ProofParts) {
    this.#parts = parts;
  }

  async run(name: string): Promise<ProvenTable> {
    const { target, table, repair } = this.#parts;
    this.#validator = (await target.validators.wanted(name))?.hash;
    for (const chunk of await target.ledger.list(name)) {
      if (!this.#isStale(chunk)) await this.#chunk(name, chunk);
      else if (repair === undefined) this.#equal = false;
      else await this.#chunk(name, await this.#copyAgain(name, chunk));
    }
    const totals = await target.ledger.totals(name);
    return {
      source: name,
      target: qualified(table.target),
      sourceRows: this.#source.count + this.#quarantined,
      targetRows: this.#target.count,
      quarantinedRows: totals.quarantined,
      changedValues: totals.changed,
      sourceHash: this.#source.hex(),
      targetHash: this.#target.hex(),
      equal: this.#equal,
      differed: this.#differed,
      repairedChunks: this.#repaired,
      differingKeys: this.#keys,
      findings: [...exceptionFindings(name, table, totals.byReason), ...this.#differences(name)],
    };
  }

  /**
   * The ledgers say what the copy saw. A value that was corrected in the source since then, or a row that has come out
   * of quarantine, would be excused by them for ever: such a chunk is compared only when it was copied from S2 itself.
   * So is a chunk that does not stand as its validator would have it.
   */
  #isStale(chunk: Chunk): boolean {
    if (chunk.validator !== this.#validator) return true;
    return this.#parts.stale && chunk.changed + chunk.quarantined > 0;
  }

  /** `plain`: with the source's values where the server was to reckon them. */
  async #copyAgain(name: string, chunk: Chunk, plain = false): Promise<Chunk> {
    await this.#parts.repair?.(chunk.chunk, plain);
    return (await this.#parts.target.ledger.list(name)).find((candidate) => candidate.chunk === chunk.chunk) ?? chunk;
  }

  async #chunk(name: string, chunk: Chunk): Promise<void> {
    const { compare, repair } = this.#parts;
    let compared = await compare((comparison) => compareChunk(comparison, chunk));
    if (!compared.equal) {
      this.#differed += 1;
      this.#keys += await compare((comparison) => differingKeys(comparison, chunk));
    }
    for (let attempt = 1; !compared.equal && repair !== undefined && attempt <= MAX_REPAIRS; attempt += 1) {
      const again = await this.#copyAgain(name, chunk, attempt === MAX_REPAIRS);
      compared = await compare((comparison) => compareChunk(comparison, again));
      if (compared.equal) this.#repaired += 1;
    }
    this.#add(compared);
  }

  #add(compared: ComparedChunk): void {
    this.#source.merge(compared.source);
    this.#target.merge(compared.target);
    this.#quarantined += compared.quarantined;
    this.#equal &&= compared.equal;
  }

  #differences(name: string): Finding[] {
    if (this.#equal) return [];
    const counts = this.#source.count !== this.#target.count;
    const code = counts ? 'count_differs' : 'rows_differ';
    const detail = `${name}: ${String(this.#source.count)} rows expected, ${String(this.#target.count)} found; ${String(this.#keys)} keys differ.`;
    const count = Math.max(1, this.#keys);
    return [{ id: `${code}:${name}`, code, kind: 'data', object: name, count, disposition: 'refused', detail }];
  }
}

/** Quarantined rows and changed values, grouped by cause: exceptions that somebody must accept. */
function exceptionFindings(
  name: string,
  table: TableMapping,
  byReason: readonly { reason: string; column: string | null; count: number }[],
): Finding[] {
  const changed = new Set(table.columns.map((column) => column.target));
  return byReason.map(({ reason, column, count }) => {
    const isChange = reason.startsWith('changed:');
    const cause = isChange ? reason.slice('changed:'.length) : reason;
    const code = isChange ? 'values_changed' : 'rows_quarantined';
    const object = column !== null && changed.has(column) ? `${name}.${column}` : name;
    const detail = `${object}: ${String(count)} ${isChange ? storedAs(cause) : `row(s) in quarantine: ${cause}`}.`;
    return { id: `${code}:${object}:${cause}`, code, kind: 'data', object, count, disposition: 'open', detail };
  });
}

function storedAs(rule: string): string {
  for (const [done, prefix] of Object.entries(STORED)) {
    if (rule.startsWith(prefix)) return `value(s) ${done} as the plan says: ${rule.slice(prefix.length)}`;
  }
  return `value(s) stored as NULL: ${rule}`;
}

function reportOf(proven: ProvenTable): TableReport {
  const { source, target, sourceRows, targetRows, quarantinedRows, changedValues, sourceHash, targetHash } = proven;
  return { source, target, sourceRows, targetRows, quarantinedRows, changedValues, sourceHash, targetHash };
}

function announce(deps: Deps, migrationId: string, table: ProvenTable): void {
  const data = { table: table.source, equal: table.equal, rows: table.targetRows, differed: table.differed };
  const at = new Date().toISOString();
  deps.bus.publish({ type: 'verification.table_proven', migrationId, at, data });
}
