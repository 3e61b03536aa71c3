import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { objectsIn, startMigrate, testFolder } from './fixtures.js';
import type { TestFolder } from './fixtures.js';
import { caravan, freshDatabase, leftovers } from './harness.js';
import type { Ran, TestDatabase } from './harness.js';

const SHOP = `
  CREATE TABLE Customer (Id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, role VARCHAR(10), active BOOLEAN NOT NULL,
    born DATE, boss_id INTEGER REFERENCES Customer, last_order_id INTEGER);
  CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES Customer, total DECIMAL(9,2) DEFAULT 0,
    note VARCHAR(20), gross DECIMAL(9,2));
  CREATE TABLE big (id INTEGER PRIMARY KEY, word TEXT);
  CREATE INDEX by_note ON orders (note);
  CREATE VIEW dear AS SELECT id FROM orders WHERE total > 2;
  INSERT INTO Customer VALUES (1, 'ann', 'admin', 1, '1970-02-03', 2, 2), (2, 'bob', 'user', 0, NULL, NULL, 1), (3, 'eve', 'user', 1, NULL, 1, NULL);
  DELETE FROM Customer WHERE Id = 3;
  INSERT INTO orders VALUES (1, 1, 2.5, 'first', 0), (2, 2, 3, 'a note that is too long for it', 0), (7, 1, 0, NULL, 0);
  INSERT INTO big WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i, 'w' || i FROM n;`;

/** As an application's own migrations made it: references both ways, and all that stands on tables. */
const APPLICATION = `
  CREATE TYPE role AS ENUM ('user', 'admin');
  CREATE TABLE customer (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar NOT NULL, role role, active boolean NOT NULL DEFAULT true,
    born date, boss_id bigint REFERENCES customer, last_order_id bigint, created_at timestamptz NOT NULL DEFAULT now(), remark text);
  CREATE TABLE orders (id serial PRIMARY KEY, customer_id bigint NOT NULL CONSTRAINT of_customer REFERENCES customer ON DELETE CASCADE,
    total numeric(9,2) NOT NULL DEFAULT 0 CONSTRAINT total_check CHECK (total >= 0), note varchar(20),
    gross numeric(9,2) GENERATED ALWAYS AS (total * 1.2) STORED) WITH (fillfactor = 80);
  ALTER TABLE customer ADD CONSTRAINT last_order FOREIGN KEY (last_order_id) REFERENCES orders;
  CREATE TABLE big (id int PRIMARY KEY, word text UNIQUE);
  CREATE TABLE schema_history (version int);
  INSERT INTO schema_history VALUES (7);
  CREATE UNIQUE INDEX one_admin ON customer (role) WHERE role = 'admin';
  CREATE INDEX by_lower_name ON customer (lower(name));
  CREATE VIEW rich AS SELECT c.name, o.total FROM customer c JOIN orders o ON o.customer_id = c.id;
  CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM orders;
  CREATE TABLE audit (what text);
  CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.audit VALUES (TG_OP); NEW.name := upper(NEW.name); RETURN NEW; END $$;
  CREATE TRIGGER tells BEFORE INSERT ON customer FOR EACH ROW EXECUTE FUNCTION tell();
  CREATE TRIGGER sleeps AFTER INSERT ON customer FOR EACH ROW EXECUTE FUNCTION tell();
  ALTER TABLE customer DISABLE TRIGGER sleeps;
  CREATE RULE twice AS ON INSERT TO orders DO ALSO INSERT INTO audit VALUES ('rule');
  ALTER TABLE customer ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own_rows ON customer USING (name = current_user);
  COMMENT ON TABLE orders IS 'what people ordered';
  ALTER TABLE orders REPLICA IDENTITY FULL;
  ALTER TABLE orders ALTER COLUMN total SET STATISTICS 321;
  GRANT SELECT, INSERT ON customer TO PUBLIC;
  GRANT SELECT (note) ON orders TO PUBLIC;`;

/** All that a catalogue says of the tables, the same before and after; statistics and storage aside. */
const STANDING = `
  SELECT 'table' AS what, c.oid::text, c.relname::text AS name, jsonb_build_array(c.relkind, c.relacl, c.reloptions, c.relrowsecurity,
         c.relreplident, obj_description(c.oid, 'pg_class'), c.relowner)::text AS says
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
  UNION ALL SELECT 'column', a.attrelid::text, a.attname, (to_jsonb(a) - 'attcacheoff' - 'attmissingval')::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
   WHERE c.relnamespace = 'public'::regnamespace
  UNION ALL SELECT 'index', indexrelid::text, '', pg_get_indexdef(indexrelid) FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid WHERE c.relnamespace = 'public'::regnamespace
  UNION ALL SELECT 'constraint', oid::text, conname, pg_get_constraintdef(oid) || condeferrable::text || convalidated::text FROM pg_constraint WHERE connamespace = 'public'::regnamespace
  UNION ALL SELECT 'trigger', t.oid::text, tgname, tgenabled::text || pg_get_triggerdef(t.oid) FROM pg_trigger t WHERE NOT tgisinternal
  UNION ALL SELECT 'default', d.oid::text, '', pg_get_expr(adbin, adrelid) FROM pg_attrdef d
  UNION ALL SELECT 'rule', r.oid::text, rulename, ev_enabled::text FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class WHERE c.relnamespace = 'public'::regnamespace
  UNION ALL SELECT 'policy', oid::text, polname, polrelid::text FROM pg_policy
  ORDER BY 1, 2, 3, 4`;

describe('--mode data-only', () => {
  let folder: TestFolder;
  let target: TestDatabase;
  let source: string;
  let before: Record<string, unknown>[];
  let ran: Ran;
  let counted: Record<string, unknown>[] | undefined;

  const run = (...more: string[]): Promise<Ran> =>
    startMigrate({ source, target: target.url }, '--mode', 'data-only', '--yes', ...more).ended;

  beforeAll(async () => {
    folder = testFolder();
    target = await freshDatabase();
    source = folder.sqlite('shop', SHOP);
    await target.query(APPLICATION);
    before = await target.query(STANDING);
    ran = await run();
  });
  afterAll(async () => {
    folder.remove();
    await target.drop();
  });

  it('brings the rows, proven, by the types of the tables that stand', async () => {
    expect(ran.exit, JSON.stringify(ran.json.error ?? ran.json.findings)).toBe(3);
    expect(ran.json.status).toBe('proven_with_exceptions');
    for (const table of ran.json.tables) expect(table.sourceHash).toBe(table.targetHash);
    expect(ran.json.tables.map(({ target, targetRows }) => [target, targetRows]).sort()).toEqual([
      ['public.big', 20_000],
      ['public.customer', 2],
      ['public.orders', 3],
    ]);
    expect(
      await target.query(
        'SELECT id, name, role, active, born::text, boss_id, last_order_id, remark FROM customer ORDER BY id',
      ),
    ).toEqual([
      {
        id: '1',
        name: 'ann',
        role: 'admin',
        active: true,
        born: '1970-02-03',
        boss_id: '2',
        last_order_id: '2',
        remark: null,
      },
      {
        id: '2',
        name: 'bob',
        role: 'user',
        active: false,
        born: null,
        boss_id: null,
        last_order_id: '1',
        remark: null,
      },
    ]);
    expect(await target.query('SELECT id, total, note, gross FROM orders ORDER BY id')).toEqual([
      { id: 1, total: '2.50', note: 'first', gross: '3.00' },
      { id: 2, total: '3.00', note: null, gross: '3.60' },
      { id: 7, total: '0.00', note: null, gross: '0.00' },
    ]);
    expect(await target.query('SELECT count(*) AS n FROM big WHERE word = $1 || id', ['w'])).toEqual([{ n: '20000' }]);
    expect(ran.json.findings).toMatchObject([{ code: 'values_changed', object: 'main.orders.note', count: 1 }]);
  });

  it('certifies the rows where they stand now, and claims nothing of structure', async () => {
    const certificate = readFileSync(ran.json.certificate ?? '', 'utf8');
    expect(certificate).toContain(
      "The tables of the target are the application's own, and hold the rows that were proven",
    );
    expect(certificate).not.toContain('keys and indexes of the plan');
    expect((await caravan(['certificate', 'verify', ran.json.certificate ?? ''])).exit).toBe(0);
  });

  it('leaves the tables as they stood: their objects, and whatever stands on them', async () => {
    expect(await target.query(STANDING)).toEqual(before);
    expect(await target.query('SELECT * FROM rich ORDER BY total')).toHaveLength(3);
    expect(await target.query('SELECT * FROM schema_history')).toEqual([{ version: 7 }]);
    // Neither trigger nor rule was asked on the way.
    expect(await target.query('SELECT * FROM audit')).toEqual([]);
    expect(await leftovers(target)).toEqual([]);
  });

  it('counts on behind every number that was given out', async () => {
    // Once: a second try would count on from here.
    counted ??= await target.query(
      "INSERT INTO customer (name, active) VALUES ('zoe', true) RETURNING id, name; INSERT INTO orders (customer_id) VALUES (1); SELECT (SELECT max(id) FROM customer) AS customer, (SELECT max(id) FROM orders) AS orders, (SELECT count(*) FROM audit) AS told",
    );
    // The source had given 3 to somebody; now trigger and rule are at work again.
    expect(counted).toEqual([{ customer: '4', orders: 8, told: '2' }]);
  });

  it('lists what the source has and the tables have not, and nothing that they have too', () => {
    const left = ran.json.notMigrated.map(({ kind, name }) => `${kind} ${name}`).sort();
    expect(left).toEqual([
      'column main.orders.gross',
      'identity main.big.id',
      'index main.orders.by_note',
      'view main.dear',
    ]);
  });

  it('refuses tables that hold rows, and with --on-existing replace keeps them until purge', async () => {
    const refused = await run();
    expect(refused.exit).toBe(2);
    expect(refused.json.error).toMatchObject({ code: 'TARGET_CONFLICT' });
    expect(refused.json.error?.message).toContain('customer, big, orders');
    const people = await target.query('SELECT name FROM customer ORDER BY id');
    const [given] = await target.query('SELECT last_value AS id FROM customer_id_seq');
    await target.query(`DROP TABLE IF EXISTS visit; CREATE TABLE visit (customer_id bigint REFERENCES customer);
      INSERT INTO visit VALUES (NULL), (1)`);
    const referred = await run('--on-existing', 'replace');
    expect(referred.exit).toBe(2);
    expect(referred.json.error).toMatchObject({ code: 'TARGET_DEPENDENTS' });
    await target.query('DELETE FROM visit WHERE customer_id = 1');
    const started = startMigrate(
      { source, target: target.url },
      '--mode',
      'data-only',
      '--yes',
      '--on-existing',
      'replace',
    );
    const replaced = await started.ended;
    expect(replaced.exit, JSON.stringify(replaced.json.error)).toBe(3);
    expect(await target.query('SELECT id FROM customer ORDER BY id')).toEqual([{ id: '1' }, { id: '2' }]);
    const [old] = (await objectsIn(target)).filter((name) => /^caravan_old_\w+\.customer$/.test(name));
    expect(await target.query(`SELECT name FROM ${old ?? ''} ORDER BY id`)).toEqual(people);
    // What was given out here is not given out again.
    expect(await target.query("INSERT INTO customer (name, active) VALUES ('kim', true) RETURNING id")).toEqual([
      { id: String(Number(given?.['id']) + 1) },
    ]);
    expect((await caravan(['purge', started.id])).exit).toBe(0);
    expect((await objectsIn(target)).filter((name) => name.startsWith('caravan_'))).toEqual([]);
  });
});

/** The application's old database: types of its own, numbers that grew since, and rows that fit no longer. */
const OLD_SHOP = `
  CREATE TYPE role AS ENUM ('guest', 'user', 'admin');
  CREATE DOMAIN amount AS numeric(9,2) CHECK (VALUE >= 0);
  CREATE TABLE "Customer" (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, name text, role role, active boolean NOT NULL,
    born date, boss_id int REFERENCES "Customer", last_order_id smallint);
  CREATE TABLE orders (id serial PRIMARY KEY, customer_id int NOT NULL REFERENCES "Customer", total amount DEFAULT 0, note text,
    gross numeric GENERATED ALWAYS AS (total * 2) STORED);
  CREATE SCHEMA archive;
  CREATE TABLE archive.big (id int PRIMARY KEY, word varchar(30)) PARTITION BY RANGE (id);
  CREATE TABLE archive.low PARTITION OF archive.big FOR VALUES FROM (0) TO (5000);
  CREATE TABLE archive.high PARTITION OF archive.big DEFAULT;
  CREATE INDEX by_note ON orders (note);
  CREATE VIEW dear AS SELECT id FROM orders WHERE total > 2;
  CREATE FUNCTION quiet() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER old AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION quiet();
  CREATE SEQUENCE free;
  INSERT INTO "Customer" VALUES (1, 'ann', 'admin', true, '1970-02-03', 2, 2), (2, E'b\\tob\\\\', 'user', false, 'infinity', NULL, 1),
    (3, 'a guest', 'guest', true, NULL, NULL, NULL), (4, NULL, 'user', true, NULL, NULL, NULL);
  SELECT nextval('"Customer_id_seq"') FROM generate_series(1, 9);
  INSERT INTO orders (id, customer_id, total, note) VALUES (1, 1, 2.5, 'first'), (2, 2, 3, ''), (3, 1, 1, 'a note that is too long for it'), (7, 1, 0, NULL);
  INSERT INTO archive.big SELECT i, 'w' || i FROM generate_series(1, 20000) AS i;`;

describe('--mode data-only from PostgreSQL', () => {
  let folder: TestFolder;
  let source: TestDatabase;
  let target: TestDatabase;
  let before: Record<string, unknown>[];
  let planned: string;
  let ran: Ran;
  let [told, next]: Record<string, unknown>[][] = [];

  beforeAll(async () => {
    folder = testFolder();
    [source, target] = await Promise.all([freshDatabase(), freshDatabase()]);
    await source.query(OLD_SHOP);
    await target.query(APPLICATION);
    before = await target.query(STANDING);
    const out = join(folder.path, 'plan.yaml');
    const ends = ['--source', source.url, '--target', target.url];
    const plan = await caravan(['plan', ...ends, '--mode', 'data-only', '--out', out]);
    expect(plan.exit, plan.stderr).toBe(0);
    planned = readFileSync(out, 'utf8');
    ran = await startMigrate({ source: source.url, target: target.url }, '--plan', out, '--yes').ended;
  });
  afterAll(async () => {
    folder.remove();
    await Promise.all([source.drop(), target.drop()]);
  });

  it('passes the rows as they are, by a plan that was given back, and proves them', async () => {
    expect(ran.exit, JSON.stringify(ran.json.error ?? ran.json.findings)).toBe(3);
    for (const table of ran.json.tables) expect(table.sourceHash).toBe(table.targetHash);
    expect(
      ran.json.tables.map((table) => [table.source, table.target, table.targetRows, table.quarantinedRows]),
    ).toEqual(
      expect.arrayContaining([
        ['archive.big', 'public.big', 20_000, 0],
        ['public.Customer', 'public.customer', 2, 2],
        ['public.orders', 'public.orders', 3, 1],
      ]),
    );
    expect(
      await target.query('SELECT id, name, role, active, born::text, last_order_id FROM customer ORDER BY id'),
    ).toEqual([
      { id: '1', name: 'ann', role: 'admin', active: true, born: '1970-02-03', last_order_id: '2' },
      { id: '2', name: 'b\tob\\', role: 'user', active: false, born: 'infinity', last_order_id: '1' },
    ]);
    expect(await target.query('SELECT id, total, note, gross FROM orders ORDER BY id')).toEqual([
      { id: 1, total: '2.50', note: 'first', gross: '3.00' },
      { id: 2, total: '3.00', note: '', gross: '3.60' },
      { id: 7, total: '0.00', note: null, gross: '0.00' },
    ]);
    expect(await target.query('SELECT count(*) AS n FROM big WHERE word = $1 || id', ['w'])).toEqual([{ n: '20000' }]);
  });

  it('says beforehand which rows may not fit', () => {
    expect(planned).toContain('20 characters fit; a row that does not fit is quarantined');
    expect(planned).toContain('the target\'s type has no label "guest"');
    expect(planned).toContain('NOT NULL in the target: a row with NULL is quarantined');
  });

  it('leaves the tables as they stood, and counts on behind what the source gave out', async () => {
    expect(await target.query(STANDING)).toEqual(before);
    told ??= await target.query('SELECT * FROM audit');
    expect(told).toEqual([]);
    expect(await leftovers(target)).toEqual([]);
    // Once: a second try would count on from here.
    next ??= await target.query("INSERT INTO customer (name, active) VALUES ('zoe', true) RETURNING id");
    expect(next).toEqual([{ id: '10' }]);
  });

  it('lists what the source has and the tables have not', () => {
    const left = ran.json.notMigrated.map(({ kind, name }) => `${kind} ${name}`);
    expect(left.sort()).toEqual([
      'column public.orders.gross',
      'index public.orders.by_note',
      'partitioning archive.big',
      'routine public.quiet()',
      'sequence public.free',
      'trigger public.orders.old',
      'view public.dear',
    ]);
  });
});

describe('--mode data-only into tables that do not fit', () => {
  let folder: TestFolder;
  const targets: TestDatabase[] = [];
  const fresh = async (): Promise<TestDatabase> => {
    const target = await freshDatabase();
    targets.push(target);
    return target;
  };

  beforeAll(() => {
    folder = testFolder();
  });
  afterAll(async () => {
    folder.remove();
    for (const target of targets) await target.drop();
  });

  it('tells all of it at once, and touches nothing', async () => {
    const source = folder.sqlite('shop', SHOP);
    const target = await fresh();
    await target.query(`
      CREATE TABLE customer (id int PRIMARY KEY, name text, role text[], active boolean, born point, boss_id int, tenant int NOT NULL);
      CREATE VIEW orders AS SELECT 1 AS id, 1 AS customer_id, 1.0 AS total, '' AS note, 1.0 AS gross;`);
    const before = await objectsIn(target);
    const ran = await startMigrate({ source, target: target.url }, '--mode', 'data-only', '--yes').ended;
    expect(ran.exit).toBe(2);
    expect(ran.json).toMatchObject({ status: 'invalid_input', error: { code: 'TARGET_MISFIT' } });
    const told = ran.json.error?.message ?? '';
    expect(told).toContain('main.Customer.born: values of the type DATE have no proven way to point');
    expect(told).toContain('main.Customer.last_order_id: the target\'s table "customer" has no column "last_order_id"');
    expect(told).toContain('"customer.tenant" is NOT NULL without a default, and the source has no such column');
    expect(told).toContain('the target\'s table "orders": it is a view');
    expect(told).toContain('main.big: the target has no table "big"');
    expect(await objectsIn(target)).toEqual(before);
  });

  it('is refused by name where it has no target to plan for', async () => {
    const source = folder.sqlite('none', 'CREATE TABLE big (id INTEGER PRIMARY KEY)');
    const planned = await caravan(['plan', '--source', source, '--mode', 'data-only', '--json']);
    expect([planned.exit, planned.json.error?.code]).toEqual([2, 'INPUT_INVALID']);
    expect(planned.json.error?.message).toContain('"target" is missing');
  });

  it('names the rows that the application refuses, and undoes all of it', async () => {
    const source = folder.sqlite(
      'broken',
      `CREATE TABLE big (id INTEGER PRIMARY KEY, word TEXT, big_id INTEGER);
       INSERT INTO big VALUES (1, 'a', 1), (2, 'a', NULL), (3, 'b', 9), (4, '', 1);`,
    );
    const target = await fresh();
    await target.query(`
      CREATE SCHEMA app; CREATE TABLE app.big (id int PRIMARY KEY, word text CONSTRAINT some_word CHECK (word <> ''), big_id int CONSTRAINT known REFERENCES app.big);
      CREATE UNIQUE INDEX one_word ON app.big (lower(word)) WHERE id < 10;`);
    const started = startMigrate(
      { source, target: target.url },
      '--mode',
      'data-only',
      '--yes',
      '--target-schema',
      'app',
    );
    const ran = await started.ended;
    expect(ran.exit).toBe(1);
    expect(ran.json).toMatchObject({ status: 'failed', error: { code: 'TARGET_REFUSES_ROWS' } });
    const refused = ran.json.findings.filter(({ code }) => code === 'constraint_violated');
    expect(refused.map(({ object, count, disposition }) => [object, count, disposition]).sort()).toEqual([
      ['app.big.known', 1, 'refused'],
      ['app.big.one_word', 1, 'refused'],
      ['app.big.some_word', 1, 'refused'],
    ]);
    expect(await target.query('SELECT * FROM app.big')).toEqual([]);
    expect(await leftovers(target)).toEqual([]);
  });
});
