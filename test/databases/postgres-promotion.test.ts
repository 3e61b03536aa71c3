import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ServerEndpoint } from '../../contracts/endpoint.js';
import type { MigrationMapping, TableMapping } from '../../contracts/mapping.js';
import type { Session } from '../../databases/postgres/connect.js';
import { openSession } from '../../databases/postgres/connect.js';
import { promote } from '../../databases/postgres/promote.js';
import { purgeOld, sweepLeftovers } from '../../databases/postgres/janitor.js';
import { oldSchema } from '../../contracts/names.js';
import type { Target, TargetNames } from '../../databases/target.js';
import { build, column, mapping, simpleTable, someNames, table, Targets } from './postgres-fixtures.js';
import { ours, value } from './postgres-strangers.js';
import { asStranger, installedServers, startTestServer } from './postgres-server.js';
import type { TestServer } from './postgres-server.js';

/** Enum column, identity, defaults, checks, comments, indexes, a cycle of foreign keys. */
function shop(): MigrationMapping {
  const customers = table(
    'customers',
    [
      column('id', 'integer', { kind: 'integer', nullable: false, sourceNullable: false, identity: { next: '50' } }),
      column('mood', 'mood', { kind: 'enum', default: `'glad'` }),
      column('favourite', 'bigint', { kind: 'integer', comment: "it's a \\ reference" }),
      column('email', 'character varying(100)', { default: `'a;b'`, nullable: false, sourceNullable: false }),
    ],
    {
      primaryKey: { name: 'customers_pkey', columns: ['id'] },
      uniqueKeys: [{ name: 'customers_email', columns: ['email'] }],
      indexes: [
        {
          name: 'customers_mood',
          columns: [
            { column: 'mood', descending: false },
            { column: 'id', descending: true },
          ],
        },
      ],
      checks: [{ name: 'customers_positive', expression: 'id > 0' }],
      foreignKeys: [
        {
          name: 'customers_favourite',
          columns: ['favourite'],
          targetTable: { schema: 'public', name: 'orders' },
          targetColumns: ['id'],
          onDelete: 'SET NULL',
          onUpdate: 'NO ACTION',
        },
      ],
      rowKey: ['id'],
      comment: 'people; who buy',
    },
  );
  const orders = table(
    'orders',
    [
      column('id', 'bigint', { kind: 'integer', nullable: false, sourceNullable: false }),
      column('customer', 'integer', { kind: 'integer' }),
    ],
    {
      primaryKey: { name: 'orders_pkey', columns: ['id'] },
      foreignKeys: [
        {
          name: 'orders_customer',
          columns: ['customer'],
          targetTable: { schema: 'public', name: 'customers' },
          targetColumns: ['id'],
          onDelete: 'CASCADE',
          onUpdate: 'RESTRICT',
        },
      ],
      rowKey: ['id'],
    },
  );
  return mapping([customers, orders], { types: [{ name: 'mood', labels: ['glad', "it's", 'a,b'] }] });
}

/** Many, where it is about locks. */
const TABLES = 150;
const SHOP_ROWS = { customers: "1\tglad\t7\ta\n90\tit's\t\\N\tb\n", orders: '7\t90\n8\t1\n' };

describe.each(installedServers())('promotion on the %s server', (binaries) => {
  let server: TestServer;
  let endpoint: ServerEndpoint;
  let names: TargetNames;
  let target: Target;
  const targets = new Targets();
  const sessions: Session[] = [];

  beforeAll(async () => {
    server = await startTestServer(binaries);
  }, 60_000);
  afterAll(async () => {
    await server.stop();
  });
  afterEach(async () => {
    await Promise.all(sessions.splice(0).map((session) => session.close()));
    await targets.closeAll();
  });

  async function fresh(): Promise<void> {
    endpoint = await server.database();
    names = someNames();
    target = await targets.open(endpoint, names);
  }

  async function somebody(): Promise<Session> {
    const session = await openSession(endpoint, 'somebody');
    sessions.push(session);
    return session;
  }

  it('moves enum columns, identity, cycles of foreign keys and indexes, and leaves nothing behind', async () => {
    await fresh();
    const plan = shop();
    await build(target, plan, SHOP_ROWS);
    expect((await target.compareStructure(plan)).findings).toEqual([]);
    const promoted = await target.promote(plan, { onExisting: 'fail' });
    expect(promoted.tables).toBe(2);
    expect(promoted.lsn).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/);
    expect(promoted.promotedAt).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(await target.promote(plan, { onExisting: 'fail' })).toEqual(promoted);
    expect(await target.promotionRecord()).toEqual({ promotedAt: promoted.promotedAt, lsn: promoted.lsn });
    await target.dropSidecar('public');
    await target.dropSidecar('public');
    expect(await ours(endpoint)).toEqual([]);
    expect(await value(endpoint, `SELECT mood FROM public.customers WHERE id = 90`)).toBe("it's");
    expect(
      await value(endpoint, `INSERT INTO public.customers (mood) VALUES (DEFAULT) RETURNING id || mood::text || email`),
    ).toBe('91glada;b');
    expect(await value(endpoint, `SELECT count(*) FROM pg_indexes WHERE schemaname = 'public'`)).toBe('4');
    expect(await value(endpoint, `SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated`)).toBe('2');
    expect(await value(endpoint, `SELECT obj_description('public.customers'::regclass)`)).toBe('people; who buy');
    expect(await value(endpoint, `SELECT col_description('public.customers'::regclass, 3)`)).toBe(
      "it's a \\ reference",
    );
  });

  it('refuses undo after promotion, and createShadow makes nothing again', async () => {
    await fresh();
    const plan = shop();
    await build(target, plan, SHOP_ROWS);
    await target.promote(plan, { onExisting: 'fail' });
    await target.createShadow(plan);
    await expect(target.undo('public')).rejects.toMatchObject({ code: 'NOT_NOW' });
    expect((await ours(endpoint)).length).toBe(2);
    expect(await target.countRows(plan.tables[0] ?? simpleTable('none'))).toBe(2);
  });

  it('makes the target schema, with a name that needs quotes', async () => {
    await fresh();
    const schema = `a"; DROP SCHEMA public CASCADE;--`;
    const plan = mapping([{ ...simpleTable('t'), target: { schema, name: 't' } }], { targetSchema: schema });
    await build(target, plan, { t: '1\ta\n' });
    await target.promote(plan, { onExisting: 'fail' });
    expect(await value(endpoint, `SELECT count(*) FROM "a""; DROP SCHEMA public CASCADE;--".t`)).toBe('1');
    expect(await value(endpoint, `SELECT count(*) FROM pg_namespace WHERE nspname = 'public'`)).toBe('1');
  });

  it('applies the default privileges of the target schema', async () => {
    await fresh();
    await asStranger(endpoint, (session) =>
      session.run(`DROP ROLE IF EXISTS reader; CREATE ROLE reader;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO reader;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO reader WITH GRANT OPTION`),
    );
    const plan = shop();
    await build(target, plan, SHOP_ROWS);
    await target.promote(plan, { onExisting: 'fail' });
    expect(await value(endpoint, `SELECT has_table_privilege('reader', 'public.orders', 'SELECT, INSERT')`)).toBe('t');
    expect(await value(endpoint, `SELECT has_table_privilege('reader', 'public.orders', 'DELETE')`)).toBe('f');
    expect(
      await value(
        endpoint,
        `SELECT has_sequence_privilege('reader', 'public.customers_id_seq', 'USAGE WITH GRANT OPTION')`,
      ),
    ).toBe('t');
    await asStranger(endpoint, (session) => session.run('DROP OWNED BY reader; DROP ROLE reader'));
  });

  it("gives what it made to the target schema's owner", async () => {
    await fresh();
    await asStranger(endpoint, (session) =>
      session.run(`DROP ROLE IF EXISTS keeper; CREATE ROLE keeper; CREATE SCHEMA kept AUTHORIZATION keeper`),
    );
    const plan = { ...shop(), targetSchema: 'kept' };
    await build(target, plan, SHOP_ROWS);
    await target.promote(plan, { onExisting: 'fail' });
    const owners = `SELECT string_agg(DISTINCT relowner::regrole::text, ',') FROM pg_class WHERE relnamespace = 'kept'::regnamespace`;
    expect(await value(endpoint, owners)).toBe('keeper');
    await asStranger(endpoint, (session) => session.run('DROP OWNED BY keeper CASCADE; DROP ROLE keeper'));
  });

  it('names what is in the way, before and under the lock', async () => {
    await fresh();
    const plan = shop();
    await asStranger(endpoint, (session) =>
      session.run(
        `CREATE TABLE public.other (x int); CREATE INDEX customers_mood ON public.other (x); CREATE TYPE public.orders AS ENUM ()`,
      ),
    );
    const refusal = { code: 'TARGET_CONFLICT', facts: { schema: 'public', names: ['customers_mood', 'orders'] } };
    await expect(target.checkNames(plan, 'fail')).rejects.toMatchObject(refusal);
    await expect(target.checkNames(plan, 'replace')).rejects.toMatchObject(refusal);
    await build(target, plan, SHOP_ROWS);
    await expect(target.promote(plan, { onExisting: 'replace' })).rejects.toMatchObject(refusal);
    expect(await target.undo('public')).toEqual({ left: [] });
    expect(await ours(endpoint)).toEqual([]);
  });

  it('renames a sequence of ours when its name is taken', async () => {
    await fresh();
    await asStranger(endpoint, (session) => session.run('CREATE SEQUENCE public.customers_id_seq'));
    const plan = shop();
    await target.checkNames(plan, 'fail');
    await build(target, plan, SHOP_ROWS);
    await target.promote(plan, { onExisting: 'fail' });
    expect(await value(endpoint, `SELECT pg_get_serial_sequence('public.customers', 'id')`)).toBe(
      `public.customers_id_seq_${names.hash}`,
    );
  });

  it('moves replaced tables with all that is theirs, and purges them on demand', async () => {
    await fresh();
    const plan = shop();
    await asStranger(endpoint, (session) =>
      session.run(`CREATE TYPE public.mood AS ENUM ('old');
        CREATE TABLE public.customers (id serial PRIMARY KEY, m public.mood); INSERT INTO public.customers (m) VALUES ('old');
        CREATE TABLE public.orders (id int PRIMARY KEY, c int REFERENCES public.customers) PARTITION BY RANGE (id);
        CREATE TABLE public.orders_1 PARTITION OF public.orders FOR VALUES FROM (1) TO (9)`),
    );
    await expect(target.checkNames(plan, 'fail')).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
    await target.checkNames(plan, 'replace');
    await build(target, plan, SHOP_ROWS);
    await target.promote(plan, { onExisting: 'replace' });
    const old = oldSchema(names.hash);
    expect(await value(endpoint, `SELECT m FROM ${old}.customers`)).toBe('old');
    expect(await value(endpoint, `SELECT count(*) FROM ${old}.orders_1`)).toBe('0');
    expect(await value(endpoint, `SELECT obj_description('${old}'::regnamespace)`)).toContain(names.workflowId);
    expect(await value(endpoint, `SELECT count(*) FROM public.orders`)).toBe('2');
    await target.dropSidecar('public');
    expect(await ours(endpoint)).toEqual([old]);
    expect(await purgeOld(endpoint, names.hash)).toEqual({ left: [] });
    expect(await purgeOld(endpoint, names.hash)).toEqual({ left: [] });
    expect(await ours(endpoint)).toEqual([]);
  });

  it('names what outside the plan depends on a replaced table', async () => {
    await fresh();
    const plan = shop();
    await asStranger(endpoint, (session) =>
      session.run(`CREATE TYPE public.mood AS ENUM ('old'); CREATE TABLE public.feelings (m public.mood);
        CREATE TABLE public.customers (id int PRIMARY KEY); CREATE VIEW public.people AS SELECT * FROM public.customers;
        CREATE TABLE public.bills (c int REFERENCES public.customers);
        CREATE FUNCTION public.one(public.customers) RETURNS int LANGUAGE sql AS 'SELECT 1'`),
    );
    const failure = target.checkNames(plan, 'replace');
    await expect(failure).rejects.toMatchObject({
      code: 'TARGET_DEPENDENTS',
      facts: {
        names: [
          'constraint bills_c_fkey on table public.bills',
          'function public.one(public.customers)',
          'table public.feelings',
          'view public.people',
        ],
      },
    });
  });

  it('tries again until the locks are free, and gives up with a name for it', async () => {
    await fresh();
    await asStranger(endpoint, (session) => session.run('CREATE TABLE public.customers (id int)'));
    const plan = shop();
    await build(target, plan, SHOP_ROWS);
    const reader = await somebody();
    await reader.run('BEGIN; SELECT * FROM public.customers');
    const open = (): Promise<Session> => openSession(endpoint, `caravan/${names.hash}/promote`);
    const hasty = promote(open, { names, mapping: plan, onExisting: 'replace', patienceMs: 100 });
    await expect(hasty).rejects.toMatchObject({ code: 'TARGET_BUSY', facts: { sqlstate: '55P03' } });
    const patient = target.promote(plan, { onExisting: 'replace' });
    setTimeout(() => void reader.run('COMMIT'), 3500);
    expect((await patient).tables).toBe(2);
  }, 20_000);

  it('ends an open transaction of a stopped worker that holds its locks', async () => {
    await fresh();
    const plan = shop();
    await build(target, plan, SHOP_ROWS);
    const stopped = await openSession(endpoint, `caravan/${names.hash}/1/0/9`);
    sessions.push(stopped);
    await stopped.run(`BEGIN; SELECT * FROM "caravan_${names.hash}".customers`);
    expect((await target.promote(plan, { onExisting: 'fail' })).tables).toBe(2);
    expect(stopped.lost).toBe(true);
  }, 20_000);

  it('finds its own promotion when COMMIT got no answer', async () => {
    await fresh();
    const plan = shop();
    await build(target, plan, SHOP_ROWS);
    let opened = 0;
    const open = async (): Promise<Session> => {
      const session = await openSession(endpoint, `caravan/${names.hash}/promote`);
      opened += 1;
      if (opened > 1) return session;
      const run = session.run.bind(session);
      session.run = async (sql) => {
        await run(sql);
        if (sql !== 'COMMIT') return;
        session.destroy();
        throw new Error('Connection terminated unexpectedly');
      };
      return session;
    };
    expect((await promote(open, { names, mapping: plan, onExisting: 'fail' })).tables).toBe(2);
    expect(opened).toBe(2);
  });

  it('needs no more locks for many tables than preflight reckons', async () => {
    await fresh();
    const plan = mapping(Array.from({ length: TABLES }, (_, at) => withIdentity(`t${at}`)));
    await target.createShadow(plan);
    for (const each of plan.tables) await target.buildKeys(each, plan);
    let locks = 0;
    const open = async (): Promise<Session> => {
      const session = await openSession(endpoint, `caravan/${names.hash}/promote`);
      const run = session.run.bind(session);
      session.run = async (sql) => {
        if (sql === 'COMMIT') {
          const [row] = await session.rows('SELECT count(*) AS count FROM pg_locks WHERE pid = pg_backend_pid()');
          locks = Number(row?.['count']);
        }
        await run(sql);
      };
      return session;
    };
    await promote(open, { names, mapping: plan, onExisting: 'fail' });
    // Table, key, index, identity: as the planner counts.
    expect(locks).toBeLessThan(TABLES * 3 * 1.25);
    expect(locks).toBeGreaterThan(TABLES);
  }, 60_000);
});

/** A table with three objects more: key, index, sequence. */
function withIdentity(name: string): TableMapping {
  const base = simpleTable(name, {
    indexes: [{ name: `${name}_name`, columns: [{ column: 'name', descending: false }] }],
  });
  const [id, ...rest] = base.columns;
  return { ...base, columns: [{ ...(id ?? column('id', 'bigint')), identity: { next: '1' } }, ...rest] };
}

describe('the janitor', () => {
  let server: TestServer;
  const targets = new Targets();
  beforeAll(async () => {
    server = await startTestServer('embedded');
  }, 60_000);
  afterAll(async () => {
    await targets.closeAll();
    await server.stop();
  });

  it('undoes what dead migrations left, and touches neither live nor promoted ones', async () => {
    const endpoint = await server.database();
    const [dead, live, promoted] = [someNames(), someNames(), someNames()];
    const plans = ['one', 'two', 'three'].map((schema) => ({ ...shop(), targetSchema: schema }));
    for (const [at, names] of [dead, live, promoted].entries()) {
      const target = await targets.open(endpoint, names);
      await build(target, plans[at] ?? shop(), SHOP_ROWS);
      if (names === promoted) await target.promote(plans[at] ?? shop(), { onExisting: 'fail' });
    }
    await asStranger(endpoint, (session) => session.run('CREATE SCHEMA caravan_0123456789ab'));
    const isAlive = (owner: { workflowId: string }): Promise<boolean> =>
      Promise.resolve(owner.workflowId === live.workflowId);
    const swept = await sweepLeftovers(endpoint, isAlive);
    expect(swept.undone).toEqual([dead.workflowId]);
    expect(swept.left).toEqual([`schema caravan_${promoted.hash}_meta (promoted, not archived)`]);
    const again = await sweepLeftovers(endpoint, isAlive, {
      archive: ({ hash }) => Promise.resolve(hash === promoted.hash),
    });
    expect(again).toEqual({ undone: [promoted.workflowId], left: [] });
    const left = await ours(endpoint);
    expect(left.filter((name) => !name.startsWith('caravan_lease'))).toEqual(
      ['caravan_0123456789ab', `caravan_${live.hash}`, `caravan_${live.hash}_meta`].sort(),
    );
    expect(left.length).toBe(4);
  });
});
