import { backendPrefix, sidecarSchema } from '../../contracts/names.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { TableMapping } from '../../contracts/mapping.js';
import type {
  Chunk,
  ChunkLedger,
  ChunkWriter,
  LedgerEntry,
  RowExceptions,
  TakenChunk,
  TargetNames,
  WriterOptions,
} from '../target.js';
import { endBackends } from './backends.js';
import { applicationName } from './connect.js';
import type { Row, Session } from './connect.js';
import { openChunkWriter } from './chunk-writer.js';
import { attempting, isServerError, sqlStateOf, SQLSTATE } from './errors.js';
import type { Attempt } from './errors.js';
import { quoted } from './identifiers.js';
import { inTransaction } from './session-pool.js';
import type { SessionPool } from './session-pool.js';
import { proveCover } from './seal.js';

/** How long `take` waits for the row of an attempt that is just committing, before it ends that attempt. */
const ROW_LOCK_MS = 1000;
const TAKES_MAX = 5;
/** Longest page of `entries`. */
const ENTRIES_MAX = 10_000;

const COLUMNS = `source_table, table_no, chunk, lower, upper, done, epoch, rows, bytes, quarantined, changed, validator, took_ms,
  pg_catalog.to_char(committed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS committed_at`;

/** The chunk ledger of one migration, in the sidecar of the target database. */
export function chunkLedger(pool: SessionPool, names: TargetNames): ChunkLedger {
  const ledger = new PgChunkLedger(pool, names);
  const on = (table: string, chunk?: number): string => (chunk === undefined ? table : `${table} #${chunk}`);
  return {
    cut: (table, bounds) => reading({ attempted: 'cut', on: table }, () => ledger.cut(table, bounds)),
    list: (table) => reading({ attempted: 'read the chunks of', on: table }, () => ledger.list(table)),
    chunks: (after, limit) =>
      reading({ attempted: 'read the chunks behind', on: after?.table ?? 'the first' }, () =>
        ledger.chunks(after, limit),
      ),
    seal: (table) => reading({ attempted: 'seal', on: table }, () => ledger.seal(table)),
    take: (table, chunk, options) =>
      reading({ attempted: 'take the chunk', on: on(table, chunk) }, () => ledger.take(table, chunk, options)),
    exceptions: (table, chunk) =>
      reading({ attempted: 'read the exceptions of', on: on(table, chunk) }, () => ledger.exceptions(table, chunk)),
    totals: (table) => reading({ attempted: 'count the exceptions of', on: table }, () => ledger.totals(table)),
    entriesOf: (kind, row) =>
      reading({ attempted: 'read the entries of a row of', on: row.table }, () => ledger.entriesOf(kind, row)),
    entries: (kind, after, limit) =>
      reading({ attempted: 'read the entries of', on: kind }, () => ledger.entries(kind, after, limit)),
  };
}

/** A sidecar that is not there (undone, or dropped after promotion) is no defect of the plan. */
export async function reading<T>(attempt: Attempt, work: () => Promise<T>): Promise<T> {
  return attempting(attempt, async () => {
    try {
      return await work();
    } catch (error) {
      const missing = [SQLSTATE.undefinedTable, SQLSTATE.undefinedSchema].some((state) => state === sqlStateOf(error));
      if (isServerError(error) && missing) throw unknown(attempt.on);
      throw error;
    }
  });
}

class PgChunkLedger {
  readonly #pool: SessionPool;
  readonly #names: TargetNames;
  readonly #sidecar: string;

  constructor(pool: SessionPool, names: TargetNames) {
    this.#pool = pool;
    this.#names = names;
    this.#sidecar = quoted(sidecarSchema(names.hash));
  }

  async cut(table: string, bounds: readonly string[]): Promise<{ chunks: number; done: number }> {
    return this.#pool.use((session) =>
      inTransaction(session, async () => {
        const number = await this.#lockTable(session, table);
        const [there] = await this.#countChunks(session, table);
        if (there !== undefined && there.chunks > 0) return there;
        await session.rows(
          `INSERT INTO ${this.#sidecar}.chunk (table_no, source_table, chunk, lower, upper)
           SELECT $1::int, $2, n.position - 1, n.lower, n.upper
             FROM unnest($3::text[], $4::text[]) WITH ORDINALITY AS n(lower, upper, position)`,
          [number, table, [null, ...bounds], [...bounds, null]],
        );
        return { chunks: bounds.length + 1, done: 0 };
      }),
    );
  }

  async list(table: string): Promise<Chunk[]> {
    return this.#pool.use((session) => this.#read(session, table));
  }

  async chunks(after: Pick<Chunk, 'table' | 'chunk'> | undefined, limit: number): Promise<Chunk[]> {
    const rows = await this.#pool.use((session) =>
      session.rows(
        `SELECT ${COLUMNS} FROM ${this.#sidecar}.chunk WHERE (source_table, chunk) > ($1, $2::int)
          ORDER BY source_table, chunk LIMIT $3`,
        [after?.table ?? '', after?.chunk ?? -1, Math.min(limit, ENTRIES_MAX)],
      ),
    );
    return rows.map(chunkOf);
  }

  async seal(
    table: string,
  ): Promise<{ chunks: number; rows: number; bytes: number; quarantined: number; changed: number }> {
    return this.#pool.use(async (session) => {
      // Chunks commit without waiting for the disk. This commit waits, and with it everything before it is on disk.
      await inTransaction(session, async () => {
        await session.run('SET LOCAL synchronous_commit = on');
        await session.rows(
          `UPDATE ${this.#sidecar}.source_table SET sealed_at = pg_catalog.now() WHERE source_table = $1`,
          [table],
        );
      });
      return proveCover(table, await this.#read(session, table));
    });
  }

  async take(table: string, chunk: number, options: { repair: boolean }): Promise<TakenChunk> {
    const taken = await this.#pool.use((session) => this.#takeRow(session, { table, chunk, repair: options.repair }));
    if (taken.state === 'done') return { state: 'done', chunk: taken.chunk };
    const { number } = taken;
    const application = applicationName([
      backendPrefix(this.#names.hash).slice(0, -1),
      number,
      chunk,
      taken.chunk.epoch,
    ]);
    const begin = (mapping: TableMapping, more: WriterOptions = {}): Promise<ChunkWriter> =>
      attempting({ attempted: 'begin the chunk', on: `${table} #${chunk}` }, () =>
        openChunkWriter(this.#pool, {
          hash: this.#names.hash,
          application,
          sourceTable: table,
          chunk: taken.chunk,
          mapping,
          repair: options.repair,
          plain: more.plain === true,
          asText: more.asText === true,
        }),
      );
    return { state: 'taken', chunk: taken.chunk, begin };
  }

  async #takeRow(
    session: Session,
    wanted: { table: string; chunk: number; repair: boolean },
  ): Promise<{ state: 'done' | 'taken'; chunk: Chunk; number: number }> {
    const { table, chunk, repair } = wanted;
    for (let takes = 1; ; takes += 1) {
      const before = await this.#readOne(session, table, chunk);
      if (before.chunk.done && !repair) return { state: 'done', ...before };
      const prefix = `${backendPrefix(this.#names.hash)}${before.number}/${chunk}/`;
      try {
        const row = await this.#raiseEpoch(session, wanted);
        if (row === undefined) continue;
        const taken = { chunk: chunkOf(row), number: before.number };
        await endBackends(session, { prefix, olderThan: taken.chunk.epoch });
        return { state: 'taken', ...taken };
      } catch (error) {
        // A stopped attempt holds the row, between its fence and its COMMIT: it must go first.
        if (sqlStateOf(error) !== SQLSTATE.lockNotAvailable || takes >= TAKES_MAX) throw error;
        await endBackends(session, { prefix, olderThan: before.chunk.epoch + 1 });
      }
    }
  }

  /** Committed at once. Undefined when the older attempt committed meanwhile. */
  async #raiseEpoch(
    session: Session,
    wanted: { table: string; chunk: number; repair: boolean },
  ): Promise<Row | undefined> {
    return inTransaction(session, async () => {
      await session.run(`SET LOCAL lock_timeout = ${ROW_LOCK_MS}; SET LOCAL synchronous_commit = off`);
      const [row] = await session.rows(
        `UPDATE ${this.#sidecar}.chunk SET epoch = epoch + 1
          WHERE source_table = $1 AND chunk = $2 AND (NOT done OR $3) RETURNING ${COLUMNS}`,
        [wanted.table, wanted.chunk, wanted.repair],
      );
      return row;
    });
  }

  async exceptions(table: string, chunk: number): Promise<ReadonlyMap<string, RowExceptions>> {
    const entries = (kind: string, column: string, rule: string): string =>
      `SELECT key_identity, ${column} AS column_name, ${rule} AS rule, count(*) AS count FROM ${this.#sidecar}.${kind}
        WHERE source_table = $1 AND chunk = $2 GROUP BY 1, 2, 3`;
    const sql = `${entries('value_ledger', "coalesce(column_name, '')", 'reason')} UNION ALL ${entries('quarantine', 'NULL', "''")}`;
    const rows = await this.#pool.use((session) => session.rows(sql, [table, chunk]));
    const found = new Map<string, { changed: Map<string, { count: number; rule: string }>; quarantined: number }>();
    for (const row of rows) {
      const identity = row['key_identity'] ?? '';
      const of = found.get(identity) ?? { changed: new Map<string, { count: number; rule: string }>(), quarantined: 0 };
      found.set(identity, of);
      const column = row['column_name'] ?? null;
      const count = Number(row['count']);
      if (column === null) of.quarantined = count;
      else of.changed.set(column, { count, rule: of.changed.has(column) ? '' : (row['rule'] ?? '') });
    }
    return found;
  }

  async totals(table: string): Promise<{
    quarantined: number;
    changed: number;
    byReason: { reason: string; column: string | null; count: number }[];
  }> {
    const sql = ['quarantine', 'value_ledger']
      .map(
        (kind) => `SELECT '${kind}' AS kind, reason, column_name, count(*) AS count FROM ${this.#sidecar}.${kind}
                    WHERE source_table = $1 GROUP BY reason, column_name`,
      )
      .join(' UNION ALL ');
    const rows = await this.#pool.use((session) => session.rows(`${sql} ORDER BY 1, 2, 3`, [table]));
    const total = (kind: string): number =>
      rows.filter((row) => row['kind'] === kind).reduce((sum, row) => sum + Number(row['count']), 0);
    return {
      quarantined: total('quarantine'),
      changed: total('value_ledger'),
      byReason: rows.map((row) => ({
        reason: `${row['kind'] === 'value_ledger' ? 'changed:' : ''}${row['reason'] ?? ''}`,
        column: row['column_name'] ?? null,
        count: Number(row['count']),
      })),
    };
  }

  async entries(kind: 'quarantine' | 'value_ledger', after: number, limit: number): Promise<LedgerEntry[]> {
    return this.#entries(kind, 'id > $1 ORDER BY id LIMIT $2', [after, Math.min(limit, ENTRIES_MAX)]);
  }

  async entriesOf(
    kind: 'quarantine' | 'value_ledger',
    { table, identities }: { readonly table: string; readonly identities: readonly string[] },
  ): Promise<LedgerEntry[]> {
    const which = 'source_table = $1 AND key_identity = ANY ($2::text[]) ORDER BY id LIMIT 1000';
    return this.#entries(kind, which, [table, [...identities]]);
  }

  async #entries(
    kind: 'quarantine' | 'value_ledger',
    which: string,
    values: Parameters<Session['rows']>[1],
  ): Promise<LedgerEntry[]> {
    const rows = await this.#pool.use((session) =>
      session.rows(
        `SELECT id, source_table, chunk, key_identity, key, column_name, reason, bytes,
                pg_catalog.to_char(sealed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS sealed_at
           FROM ${this.#sidecar}.${kind} WHERE ${which}`,
        values,
      ),
    );
    return rows.map((row) => ({
      id: Number(row['id']),
      table: row['source_table'] ?? '',
      chunk: Number(row['chunk']),
      keyIdentity: row['key_identity'] ?? '',
      key: bytesOf(row['key']),
      column: row['column_name'] ?? null,
      reason: row['reason'] ?? '',
      bytes: bytesOf(row['bytes']),
      sealedAt: row['sealed_at'] ?? '',
    }));
  }

  async #lockTable(session: Session, table: string): Promise<number> {
    const [row] = await session.rows(
      `SELECT table_no FROM ${this.#sidecar}.source_table WHERE source_table = $1 FOR UPDATE`,
      [table],
    );
    if (row === undefined) throw unknown(table);
    return Number(row['table_no']);
  }

  async #countChunks(session: Session, table: string): Promise<{ chunks: number; done: number }[]> {
    const rows = await session.rows(
      `SELECT count(*) AS chunks, count(*) FILTER (WHERE done) AS done FROM ${this.#sidecar}.chunk WHERE source_table = $1`,
      [table],
    );
    return rows.map((row) => ({ chunks: Number(row['chunks']), done: Number(row['done']) }));
  }

  async #read(session: Session, table: string): Promise<Chunk[]> {
    const rows = await session.rows(
      `SELECT ${COLUMNS} FROM ${this.#sidecar}.chunk WHERE source_table = $1 ORDER BY chunk`,
      [table],
    );
    return rows.map(chunkOf);
  }

  async #readOne(session: Session, table: string, chunk: number): Promise<{ chunk: Chunk; number: number }> {
    const [row] = await session.rows(
      `SELECT ${COLUMNS} FROM ${this.#sidecar}.chunk WHERE source_table = $1 AND chunk = $2`,
      [table, chunk],
    );
    if (row === undefined) throw unknown(`${table} #${chunk}`);
    return { chunk: chunkOf(row), number: Number(row['table_no']) };
  }
}

function chunkOf(row: Row): Chunk {
  const { lower, upper, committed_at: committedAt } = row;
  return {
    table: row['source_table'] ?? '',
    chunk: Number(row['chunk']),
    ...(lower === null || lower === undefined ? {} : { lower }),
    ...(upper === null || upper === undefined ? {} : { upper }),
    done: row['done'] === 't',
    epoch: Number(row['epoch']),
    rows: Number(row['rows']),
    bytes: Number(row['bytes']),
    quarantined: Number(row['quarantined']),
    changed: Number(row['changed']),
    ...(row['took_ms'] != null && { tookMs: Number(row['took_ms']) }),
    ...(committedAt !== null && committedAt !== undefined && { committedAt }),
    ...(row['validator'] == null ? {} : { validator: row['validator'] }),
  };
}

export function bytesOf(text: string | null | undefined): Buffer {
  return Buffer.from((text ?? '').slice(2), 'hex');
}

function unknown(what: string): CaravanFailure {
  return new CaravanFailure('LEDGER_INCOMPLETE', {
    attempted: 'find in the chunk ledger',
    on: what,
    seen: 'it is not there; the table was never cut, or the shadow was undone',
  });
}
