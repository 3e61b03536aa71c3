import { backendPrefix, shadowSchema } from '../../contracts/names.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { ServerEndpoint } from '../../contracts/endpoint.js';
import type {
  MigrationMapping,
  NativeObject,
  RoutineMapping,
  TableMapping,
  ViewMapping,
} from '../../contracts/mapping.js';
import type { Finding } from '../../contracts/migration.js';
import type { Checked } from '../checked.js';
import type { Asking, Writing } from '../asking.js';
import type { CanonicalBatch, KeyRange, ScanOptions, SentPlace, SentStream } from '../source.js';
import type { StandingTable } from '../standing.js';
import type {
  AlikeColumn,
  ChunkLedger,
  Insensitive,
  MadeObject,
  MadeView,
  RefusedColumn,
  Target,
  TargetNames,
  ValidatorLedger,
} from '../target.js';
import { extensionSchemas, openAsking } from './ask.js';
import { endBackends } from './backends.js';
import { checkedBy } from './checked.js';
import { postgisOf } from './postgis.js';
import { countAlike, insensitive } from './collations/alike.js';
import { reopenSession } from './connect.js';
import type { Session } from './connect.js';
import { checkDefinitions, dropUnnamed, makeTypesAndTables } from './ddl.js';
import { dropForeignKeys } from './drop-schema.js';
import { attempting, codeOfSqlState, factsOf, isServerError } from './errors.js';
import { addForeignKeys } from './foreign-keys.js';
import { refusedGenerated } from './generated.js';
import { literal, qualified } from './identifiers.js';
import { buildKeys, keysApplication } from './keys.js';
import { shadowTable } from './shadow-table.js';
import { chunkLedger } from './ledger.js';
import { checkConflicts, wantedNames } from './name-conflicts.js';
import { definitionPath } from './native-ddl.js';
import { makeObject } from './native-objects.js';
import { preflight } from './preflight.js';
import { promote } from './promote.js';
import { dropRoutines, makeRoutine } from './routines.js';
import { scanRows } from './scan.js';
import { scanSent } from './sent-scan.js';
import { SessionPool } from './session-pool.js';
import { forgetUnnamed, makeSchemas, readPromotionRecord, tableNumber } from './sidecar.js';
import { compareStructure } from './structure.js';
import { checkStanding } from './standing/check.js';
import { buildOwnKeys, makeShadowTables } from './standing/shadow.js';
import { standingTables } from './standing/tables.js';
import { compareStanding } from './standing/violations.js';
import { dropSidecar, undo } from './undo.js';
import { validatorLedger } from './validators.js';
import { dropView, dropViews, makeView } from './views.js';
import { PostgresWriting } from './write.js';

/** The target of one migration, reached once: from here on a server that is away is TARGET_LOST and tried again. */
export async function openPostgresTarget(endpoint: ServerEndpoint, names: TargetNames): Promise<Target> {
  const pool = new SessionPool(endpoint, poolName(names));
  await pool.open();
  return new PostgresTarget({ endpoint, names, pool });
}

class PostgresTarget implements Target {
  readonly ledger: ChunkLedger;
  readonly checked: Checked;
  readonly validators: ValidatorLedger;
  readonly #endpoint: ServerEndpoint;
  readonly #names: TargetNames;
  readonly #pool: SessionPool;

  constructor({ endpoint, names, pool }: { endpoint: ServerEndpoint; names: TargetNames; pool: SessionPool }) {
    this.#endpoint = endpoint;
    this.#names = names;
    this.#pool = pool;
    this.ledger = chunkLedger(this.#pool, names);
    this.checked = checkedBy({
      schema: shadowSchema(names.hash),
      writes: true,
      use: (attempted, on, work) => this.#attempt(attempted, () => this.#pool.use(work), on),
    });
    this.validators = validatorLedger(this.#pool, names);
  }

  async preflight(options: Parameters<Target['preflight']>[0]): Promise<{ readonly version: number }> {
    return this.#attempt('check', () => this.#pool.use((session) => preflight(session, this.#names, options)));
  }

  async createShadow(mapping: MigrationMapping): Promise<void> {
    await this.#defining('make the shadow in', () =>
      this.#alone('shadow', async (session) => {
        // A late retry, after the pivot, must not make an empty shadow again.
        if ((await readPromotionRecord(session, this.#names.hash)) !== undefined) return;
        if (mapping.mode === 'data-only') {
          await makeSchemas(session, this.#names, mapping);
          await makeShadowTables(session, this.#names.hash, mapping);
          return;
        }
        checkDefinitions(this.#names.hash, mapping);
        await makeSchemas(session, this.#names, mapping);
        await this.#readDefinitions(session, mapping);
        await makeTypesAndTables(session, this.#names.hash, mapping);
      }),
    );
  }

  async reduceShadow(mapping: MigrationMapping): Promise<void> {
    await this.#attempt('take excluded tables out of', () =>
      this.#alone('shadow', async (session) => {
        await dropUnnamed(session, this.#names.hash, mapping);
        await forgetUnnamed(session, this.#names.hash, mapping);
      }),
    );
  }

  async buildKeys(
    table: TableMapping,
    mapping: MigrationMapping,
  ): Promise<{ keys: number; indexes: number; findings: Finding[] }> {
    return this.#defining(
      'build the keys of',
      () =>
        this.#alone('keys', async (session) => {
          const name = keysApplication(this.#names, await tableNumber(session, this.#names.hash, table));
          await endBackends(session, { name });
          await session.run(`SET application_name = ${literal(name)}`);
          if (mapping.mode === 'data-only') {
            const keys = await buildOwnKeys(shadowTable(session, this.#names.hash, table));
            return { keys, indexes: 0, findings: [] };
          }
          await this.#readDefinitions(session, mapping);
          return buildKeys(shadowTable(session, this.#names.hash, table));
        }),
      table.target.name,
    );
  }

  async addForeignKeys(mapping: MigrationMapping): Promise<{ foreignKeys: number; findings: Finding[] }> {
    return this.#defining('add the foreign keys of', () =>
      this.#alone('foreign-keys', async (session) => {
        await endBackends(session, { name: `${backendPrefix(this.#names.hash)}foreign-keys` });
        await this.#readDefinitions(session, mapping);
        return addForeignKeys(session, this.#names.hash, mapping);
      }),
    );
  }

  async dropForeignKeys(mapping: MigrationMapping): Promise<{ foreignKeys: number }> {
    return this.#attempt(
      'drop the foreign keys of',
      () =>
        this.#alone('foreign-keys', async (session) => {
          await endBackends(session, { name: `${backendPrefix(this.#names.hash)}foreign-keys` });
          return { foreignKeys: await dropForeignKeys(session, shadowSchema(this.#names.hash)) };
        }),
      mapping.targetSchema,
    );
  }

  async dropViews(mapping: MigrationMapping): Promise<void> {
    await this.#attempt('take the views out of', () =>
      this.#alone('views', async (session) => {
        await dropRoutines(session, this.#names.hash, mapping.routines ?? []);
        await dropViews(session, this.#names.hash, mapping);
      }),
    );
  }

  async makeRoutine(routine: RoutineMapping, mapping: MigrationMapping): Promise<MadeObject> {
    return this.#attempt(
      `make the ${routine.kind}`,
      () =>
        this.#alone('objects', async (session) => {
          await this.#readDefinitions(session, mapping);
          return makeRoutine(session, this.#names.hash, routine);
        }),
      routine.target.name,
    );
  }

  async dropRoutine(routine: RoutineMapping): Promise<void> {
    await this.#attempt(
      `drop the ${routine.kind}`,
      () => this.#alone('objects', (session) => dropRoutines(session, this.#names.hash, [routine])),
      routine.target.name,
    );
  }

  async makeView(view: ViewMapping, mapping: MigrationMapping): Promise<MadeView> {
    return this.#attempt(
      'make the view',
      () =>
        this.#alone('views', async (session) => {
          await this.#readDefinitions(session, mapping);
          return makeView(session, this.#names.hash, view);
        }),
      view.target.name,
    );
  }

  async makeObject(object: NativeObject, mapping: MigrationMapping): Promise<MadeObject> {
    return this.#attempt(
      `make the ${object.kind}`,
      () =>
        this.#alone('objects', async (session) => {
          await this.#readDefinitions(session, mapping);
          return makeObject(session, this.#names.hash, object);
        }),
      object.name,
    );
  }

  async dropView(view: ViewMapping): Promise<void> {
    await this.#attempt(
      'drop the view',
      () => this.#alone('views', (session) => dropView(session, this.#names.hash, view)),
      view.target.name,
    );
  }

  async refusedGenerated(mapping: MigrationMapping): Promise<RefusedColumn[]> {
    return this.#attempt('try the generated columns in', () =>
      this.#pool.use((session) => refusedGenerated(session, mapping)),
    );
  }

  async insensitive(): Promise<Insensitive> {
    return this.#attempt('look at the collations of', () => this.#pool.use(insensitive));
  }

  async postgis(): Promise<'there' | 'available' | 'none'> {
    return this.#attempt('look for PostGIS in', () => this.#pool.use(postgisOf));
  }

  async countAlike(columns: readonly AlikeColumn[], keys: AsyncIterable<CanonicalBatch>): Promise<number | undefined> {
    return this.#attempt('compare keys in', () => this.#pool.use((session) => countAlike(session, columns, keys)));
  }

  async compareStructure(mapping: MigrationMapping): Promise<{ objects: number; findings: Finding[] }> {
    return this.#defining('compare the structure of', () =>
      this.#alone('structure', async (session) => {
        if (mapping.mode === 'data-only') return compareStanding(session, this.#names.hash, mapping);
        await this.#readDefinitions(session, mapping);
        return compareStructure(session, this.#names.hash, mapping);
      }),
    );
  }

  async *scan(
    table: TableMapping,
    range: KeyRange,
    options: ScanOptions & { where?: 'shadow' | 'promoted' },
  ): AsyncIterable<CanonicalBatch> {
    const schema = options.where === 'promoted' ? table.target.schema : shadowSchema(this.#names.hash);
    const session = await this.#attempt('scan', () => this.#pool.take(), table.target.name);
    let whole = false;
    try {
      if (options.readOnly === true) await session.run('SET default_transaction_read_only = on');
      yield* scanRows(session, { schema, table, range }, options);
      if (options.readOnly === true) await session.run('SET default_transaction_read_only = off');
      whole = true;
    } finally {
      // A scan that was left early still streams: its backend cannot be used again.
      if (whole) await this.#pool.give(session);
      else this.#pool.discard(session);
    }
  }

  async sent<T>({ table, range, signal }: SentPlace, work: (stream: SentStream) => Promise<T>): Promise<T> {
    const schema = shadowSchema(this.#names.hash);
    const session = await this.#attempt('scan', () => this.#pool.take(), table.target.name);
    let whole = false;
    try {
      const sent = await scanSent(session, { schema, table, range, signal }, work);
      whole = true;
      return sent;
    } finally {
      // As with a scan.
      if (whole) await this.#pool.give(session);
      else this.#pool.discard(session);
    }
  }

  async asking(): Promise<Asking> {
    return this.#attempt('ask', async () => {
      const session = await this.#pool.take();
      try {
        await session.run('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
        const schemas = [shadowSchema(this.#names.hash), ...(await extensionSchemas(session))];
        return await openAsking(session, { path: schemas }, async () => {
          if (session.lost) {
            this.#pool.discard(session);
            return;
          }
          await session.run('ROLLBACK');
          await this.#pool.give(session);
        });
      } catch (error) {
        this.#pool.discard(session);
        throw error;
      }
    });
  }

  async writing(): Promise<Writing> {
    return this.#attempt('try writes in', async () => {
      const session = await this.#pool.take();
      try {
        const own = [shadowSchema(this.#names.hash)];
        const path = [...own, ...(await extensionSchemas(session))];
        // Whatever the transaction left, the session is not used again.
        return new PostgresWriting(session, { path, own }, () => {
          this.#pool.discard(session);
          return Promise.resolve();
        });
      } catch (error) {
        this.#pool.discard(session);
        throw error;
      }
    });
  }

  async countRows(table: TableMapping): Promise<number> {
    return this.#attempt(
      'count the rows of',
      () =>
        this.#pool.use(async (session) => {
          const promoted = (await readPromotionRecord(session, this.#names.hash)) !== undefined;
          const schema = promoted ? table.target.schema : shadowSchema(this.#names.hash);
          const [row] = await session.rows(`SELECT count(*) AS count FROM ${qualified(schema, table.target.name)}`);
          return Number(row?.['count']);
        }),
      table.target.name,
    );
  }

  async checkNames(mapping: MigrationMapping, onExisting: 'fail' | 'replace'): Promise<void> {
    await this.#attempt('check the names in', () =>
      this.#pool.use(async (session) => {
        if (mapping.mode === 'data-only') return checkStanding(session, mapping, onExisting);
        const wanted = wantedNames(mapping);
        await checkConflicts(session, { schema: mapping.targetSchema, wanted, onExisting });
      }),
    );
  }

  async standingTables(schema: string): Promise<StandingTable[]> {
    return this.#attempt(
      'read the tables of',
      () => this.#pool.use((session) => standingTables(session, schema)),
      schema,
    );
  }

  async promote(
    mapping: MigrationMapping,
    options: { onExisting: 'fail' | 'replace' },
  ): Promise<{ promotedAt: string; lsn: string; tables: number }> {
    const open = (): Promise<Session> => reopenSession(this.#endpoint, `${backendPrefix(this.#names.hash)}promote`);
    return this.#attempt('promote', () =>
      promote(open, { names: this.#names, mapping, onExisting: options.onExisting }),
    );
  }

  async promotionRecord(): Promise<{ promotedAt: string; lsn: string } | undefined> {
    const record = await this.#attempt('read the promotion record of', () =>
      this.#pool.use((session) => readPromotionRecord(session, this.#names.hash)),
    );
    return record === undefined ? undefined : { promotedAt: record.promotedAt, lsn: record.lsn };
  }

  async undo(targetSchema: string): Promise<{ left: string[] }> {
    return this.#attempt('undo', () => this.#alone('undo', (session) => undo(session, this.#names, targetSchema)));
  }

  async dropSidecar(targetSchema: string): Promise<void> {
    await this.#attempt('drop the sidecar of', async () => {
      const left = await this.#alone('archive', (session) => dropSidecar(session, this.#names, targetSchema));
      if (left.length > 0) throw leftBehind(this.#names, left);
    });
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  /** Defaults, checks and types name what the plan makes without a schema. */
  async #readDefinitions(session: Session, mapping: MigrationMapping): Promise<void> {
    const path = await definitionPath(session, shadowSchema(this.#names.hash), mapping.extensions);
    await session.run(`SET search_path = ${path}`);
  }

  async #attempt<T>(attempted: string, work: () => Promise<T>, on = this.#names.workflowId): Promise<T> {
    return attempting({ attempted, on }, work);
  }

  /** For statements made from the plan: what the server refuses in them is the plan's fault, not a row's. */
  async #defining<T>(attempted: string, work: () => Promise<T>, on = this.#names.workflowId): Promise<T> {
    return this.#attempt(
      attempted,
      async () => {
        try {
          return await work();
        } catch (error) {
          if (!isServerError(error) || codeOfSqlState(error.code) !== 'ROW_REFUSED') throw error;
          const seen = `the server refuses a definition with SQLSTATE ${error.code}`;
          throw new CaravanFailure('PLAN_INVALID', { attempted, on, seen, facts: factsOf(error) });
        }
      },
      on,
    );
  }

  /** A backend under a name of its own, for work that runs long: a new attempt can find it and end it. */
  async #alone<T>(what: string, work: (session: Session) => Promise<T>): Promise<T> {
    return this.#pool.use(async (session) => {
      await session.run(`SET application_name = ${literal(`${backendPrefix(this.#names.hash)}${what}`)}`);
      const result = await work(session);
      await session.run(`SET application_name = ${literal(poolName(this.#names))}; SET search_path = ''`);
      return result;
    });
  }
}

function poolName(names: TargetNames): string {
  return `${backendPrefix(names.hash)}pool`;
}

function leftBehind(names: TargetNames, left: readonly string[]): CaravanFailure {
  return new CaravanFailure('UNDO_INCOMPLETE', {
    attempted: 'drop the sidecar of',
    on: names.workflowId,
    seen: `${left.length} objects are left`,
    facts: { names: left },
  });
}
