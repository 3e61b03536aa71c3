import { isNative } from '../../contracts/mapping.js';
import { shadowSchema, sidecarSchema } from '../../contracts/names.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { FailureFacts } from '../../contracts/failures.js';
import type { ChunkWriter, QuarantineEntry, ValueLedgerEntry, WrittenChunk } from '../target.js';
import { endBackends } from './backends.js';
import { setLocalApplicationName } from './connect.js';
import type { Session } from './connect.js';
import { CopyInto, copyField } from './copy-into.js';
import { codeOfSqlState, failureOf, factsOf, isLost, isServerError } from './errors.js';
import { qualified, quoted, quotedList } from './identifiers.js';
import { computedColumns } from './generated.js';
import { clearChunk } from './repair.js';
import type { ChunkPlace } from './repair.js';
import type { SessionPool } from './session-pool.js';

/** Ledger entries kept in memory before the running COPY is ended for them; bytes. */
const PENDING_BYTES_MAX = 4 * 1024 * 1024;
const SAVEPOINT = 'caravan';

export interface ChunkTask extends ChunkPlace {
  /** `caravan/<hash>/<table no>/<chunk>/<epoch>`; borne by the backend while the transaction is open. */
  readonly application: string;
  readonly repair: boolean;
  /** Generated columns become plain ones. */
  readonly plain: boolean;
  readonly asText: boolean;
}

/**
 * Opens the transaction. The backend takes its name before it reads the epoch, so either a newer attempt sees the
 * name and ends it, or it sees the newer epoch and gives up.
 */
export async function openChunkWriter(pool: SessionPool, task: ChunkTask): Promise<ChunkWriter> {
  const session = await pool.take();
  try {
    await session.run(`BEGIN; ${setLocalApplicationName(task.application)}; SET LOCAL synchronous_commit = off`);
    const [row] = await session.rows(
      `SELECT epoch FROM ${quoted(sidecarSchema(task.hash))}.chunk WHERE source_table = $1 AND chunk = $2`,
      [task.sourceTable, task.chunk.chunk],
    );
    if (Number(row?.['epoch']) !== task.chunk.epoch) throw fenceLost(task);
    const computed = await computedColumns(session, task);
    const restore = task.repair ? await clearChunk(session, task) : [];
    return new PgChunkWriter({ pool, session, task, restore, computed });
  } catch (error) {
    pool.discard(session);
    throw error;
  }
}

interface Opened {
  readonly pool: SessionPool;
  readonly session: Session;
  readonly task: ChunkTask;
  /** Statements that put back what the repair took off. */
  readonly restore: readonly string[];
  readonly computed: ReadonlySet<string>;
}

type LedgerKind = 'quarantine' | 'value_ledger';

class PgChunkWriter implements ChunkWriter {
  /** Seen by tests that break the connection. */
  readonly opened: Opened;
  readonly computed: ReadonlySet<string>;
  readonly #place: string;
  readonly #form: 'binary' | 'text';
  readonly #pending: Record<LedgerKind, string[]> = { quarantine: [], value_ledger: [] };
  #pendingBytes = 0;
  #copy: CopyInto | undefined;
  #state: 'open' | 'over' = 'open';

  constructor(opened: Opened) {
    const { hash, mapping, asText } = opened.task;
    this.opened = opened;
    this.computed = opened.computed;
    this.#form = isNative(mapping) && (asText || mapping.copyForm !== 'binary') ? 'text' : 'binary';
    const written = mapping.columns.filter((column) => !opened.computed.has(column.target));
    const columns = quotedList(written.map((column) => column.target));
    this.#place = `${qualified(shadowSchema(hash), mapping.target.name)} (${columns})`;
  }

  async write(bytes: Buffer): Promise<void> {
    await this.#guarded('write rows to', async () => {
      this.#copy ??= new CopyInto(this.#session, this.#place, this.#form);
      await this.#copy.write(bytes);
    });
  }

  async flush(): Promise<void> {
    await this.#guarded('write rows to', () => this.#endCopy());
  }

  async savepoint(): Promise<void> {
    await this.#guarded('set a savepoint in', async () => {
      await this.#endCopy();
      await this.#insertPending();
      await this.#session.run(`SAVEPOINT ${SAVEPOINT}`);
    });
  }

  async rollbackToSavepoint(): Promise<void> {
    await this.#guarded('roll back to a savepoint in', async () => {
      // A COPY that runs is ended by whatever way; its rows go with the rollback.
      await this.#endCopy().catch((error: unknown) => {
        if (isLost(error)) throw error;
      });
      this.#dropPending();
      await this.#session.run(`ROLLBACK TO SAVEPOINT ${SAVEPOINT}`);
    });
  }

  async releaseSavepoint(): Promise<void> {
    await this.#guarded('release a savepoint in', async () => {
      await this.#endCopy();
      await this.#session.run(`RELEASE SAVEPOINT ${SAVEPOINT}`);
    });
  }

  async quarantine(entries: readonly QuarantineEntry[]): Promise<void> {
    await this.#guarded('quarantine rows of', () =>
      this.#add(
        'quarantine',
        entries.map((entry) => [entry.keyIdentity, entry.key, entry.column, entry.reason, entry.row]),
      ),
    );
  }

  async valueLedger(entries: readonly ValueLedgerEntry[]): Promise<void> {
    await this.#guarded('ledger values of', () =>
      this.#add(
        'value_ledger',
        entries.map((entry) => [entry.keyIdentity, entry.key, entry.column, entry.rule, entry.original]),
      ),
    );
  }

  async commit(result: WrittenChunk): Promise<void> {
    await this.#guarded('commit', async () => {
      await this.#endCopy();
      await this.#insertPending();
      for (const statement of this.opened.restore) await this.#session.run(statement);
      if (!(await this.#passFence(result))) {
        await this.abort();
        throw fenceLost(this.opened.task);
      }
      this.#state = 'over';
      try {
        await this.#session.run('COMMIT');
      } catch (error) {
        this.opened.pool.discard(this.#session);
        if (!isLost(error)) throw error;
        return this.#decideByLedger();
      }
      await this.opened.pool.give(this.#session);
    });
  }

  async abort(): Promise<void> {
    if (this.#state === 'over') return;
    this.#state = 'over';
    const { pool, session } = this.opened;
    if (this.#copy !== undefined || session.lost) {
      pool.discard(session);
      return;
    }
    try {
      await session.run('ROLLBACK');
      await pool.give(session);
    } catch {
      pool.discard(session);
    }
  }

  get #session(): Session {
    return this.opened.session;
  }

  async #endCopy(): Promise<void> {
    const copy = this.#copy;
    this.#copy = undefined;
    await copy?.end();
  }

  async #add(kind: LedgerKind, entries: readonly (readonly (string | Buffer | null)[])[]): Promise<void> {
    const { sourceTable, chunk } = this.opened.task;
    const lead = `${copyField(sourceTable)}\t${chunk.chunk}\t`;
    for (const entry of entries) {
      const line = `${lead}${entry.map(copyField).join('\t')}\n`;
      this.#pending[kind].push(line);
      this.#pendingBytes += line.length;
    }
    if (this.#pendingBytes < PENDING_BYTES_MAX) return;
    await this.#endCopy();
    await this.#insertPending();
  }

  async #insertPending(): Promise<void> {
    for (const kind of ['quarantine', 'value_ledger'] as const) {
      const lines = this.#pending[kind];
      if (lines.length === 0) continue;
      const columns = 'source_table, chunk, key_identity, key, column_name, reason, bytes';
      const table = `${quoted(sidecarSchema(this.opened.task.hash))}.${kind}`;
      const copy = new CopyInto(this.#session, `${table} (${columns})`, 'text');
      await copy.write(Buffer.from(lines.join('')));
      await copy.end();
    }
    this.#dropPending();
  }

  #dropPending(): void {
    this.#pending.quarantine = [];
    this.#pending.value_ledger = [];
    this.#pendingBytes = 0;
  }

  /** False when a newer attempt has raised the epoch, or has committed. */
  async #passFence(result: WrittenChunk): Promise<boolean> {
    const { hash, sourceTable, chunk, repair } = this.opened.task;
    const passed = await this.#session.rows(
      `UPDATE ${quoted(sidecarSchema(hash))}.chunk
          SET done = true, committed_epoch = epoch, rows = $4, bytes = $5, quarantined = $6, changed = $7,
              committed_at = pg_catalog.clock_timestamp(), validator = $9,
              took_ms = CASE WHEN $8 AND done THEN took_ms ELSE
                1000 * EXTRACT(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.transaction_timestamp()) END
        WHERE source_table = $1 AND chunk = $2 AND epoch = $3 AND (NOT done OR $8) RETURNING 1`,
      [
        ...[sourceTable, chunk.chunk, chunk.epoch, result.rows, result.bytes, result.quarantined, result.changed],
        ...[repair, result.validator ?? null],
      ],
    );
    return passed.length === 1;
  }

  /** The connection broke during COMMIT: once the backend is gone, the ledger says whether it was made. */
  async #decideByLedger(): Promise<void> {
    const { hash, sourceTable, chunk, application } = this.opened.task;
    await this.opened.pool.use(async (session) => {
      await endBackends(session, { name: application });
      const [row] = await session.rows(
        `SELECT committed_epoch, epoch FROM ${quoted(sidecarSchema(hash))}.chunk WHERE source_table = $1 AND chunk = $2`,
        [sourceTable, chunk.chunk],
      );
      if (Number(row?.['committed_epoch'] ?? -1) === chunk.epoch) return;
      if (Number(row?.['epoch']) !== chunk.epoch) throw fenceLost(this.opened.task);
      throw new CaravanFailure('TARGET_LOST', {
        ...this.#attempt('commit'),
        seen: 'the connection broke before COMMIT was made',
      });
    });
  }

  async #guarded(attempted: string, work: () => Promise<void>): Promise<void> {
    const attempt = this.#attempt(attempted);
    if (this.#state === 'over') throw new CaravanFailure('INTERNAL', { ...attempt, seen: 'the writer is closed' });
    try {
      await work();
    } catch (error) {
      throw copyFailure(error, { attempt, task: this.opened.task });
    }
  }

  #attempt(attempted: string): { attempted: string; on: string } {
    const { sourceTable, chunk } = this.opened.task;
    return { attempted, on: `${sourceTable} #${chunk.chunk}` };
  }
}

/**
 * A data error of COPY names row and column only in its CONTEXT, whose text also holds the value: the row's number in
 * the COPY statement and the column's name are taken from it, where they are what they must be.
 */
function copyFailure(
  error: unknown,
  place: { attempt: { attempted: string; on: string }; task: ChunkTask },
): CaravanFailure {
  const { attempt, task } = place;
  if (!isServerError(error)) return failureOf(error, attempt);
  const context = /^COPY [\s\S]*?, \S+ (\d+)(?:, \S+ ([\s\S]*?))?(?::|$)/.exec(error.where ?? '');
  const column = task.mapping.columns.find((candidate) => candidate.target === context?.[2])?.target;
  const facts: FailureFacts = {
    ...factsOf(error),
    table: task.mapping.target.name,
    chunk: task.chunk.chunk,
    ...(context?.[1] === undefined ? {} : { line: Number(context[1]) }),
    ...(column === undefined ? {} : { column }),
  };
  const seen = `the server answered with SQLSTATE ${error.code}`;
  return new CaravanFailure(codeOfSqlState(error.code), { ...attempt, seen, facts });
}

function fenceLost(task: ChunkTask): CaravanFailure {
  return new CaravanFailure('FENCE_LOST', {
    attempted: 'commit',
    on: `${task.sourceTable} #${task.chunk.chunk}`,
    seen: `epoch ${task.chunk.epoch} is no longer the newest`,
    facts: { table: task.mapping.target.name, chunk: task.chunk.chunk },
  });
}
