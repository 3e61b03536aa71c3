import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ServerEndpoint } from '../../contracts/endpoint.js';
import type { TableMapping } from '../../contracts/mapping.js';
import { openSession } from '../../databases/postgres/connect.js';
import type { Target, TargetNames } from '../../databases/target.js';
import {
  beginChunk,
  column,
  copyAll,
  mapping,
  sessionOf,
  simpleTable,
  someNames,
  sourceName,
  Targets,
  tuples,
} from './postgres-fixtures.js';
import { asStranger, installedServers, startTestServer } from './postgres-server.js';
import type { TestServer } from './postgres-server.js';
import { until } from '../migration/harness.js';

const NOTHING = { rows: 0, bytes: 0, quarantined: 0, changed: 0 };

describe.each(installedServers())('exactly once on the %s server', (binaries) => {
  let server: TestServer;
  let endpoint: ServerEndpoint;
  let names: TargetNames;
  let target: Target;
  const users = simpleTable('users');
  const targets = new Targets();

  beforeAll(async () => {
    server = await startTestServer(binaries);
  }, 60_000);
  afterAll(async () => {
    await server.stop();
  });
  afterEach(async () => {
    await targets.closeAll();
  });

  async function fresh(tables: TableMapping[] = [users], bounds: string[] = []): Promise<void> {
    endpoint = await server.database();
    names = someNames();
    target = await targets.open(endpoint, names);
    await target.createShadow(mapping(tables));
    for (const each of tables) await target.ledger.cut(sourceName(each), bounds);
  }

  async function keys(of = users): Promise<string> {
    const sql = `SELECT string_agg(id || coalesce(name, '-'), ' ' ORDER BY id) AS all FROM "caravan_${names.hash}"."${of.target.name}"`;
    const [row] = await asStranger(endpoint, (session) => session.rows(sql));
    return row?.['all'] ?? '';
  }

  async function backends(): Promise<string[]> {
    const sql = `SELECT application_name AS name FROM pg_stat_activity WHERE application_name ~ '^caravan/.*/[0-9]+/[0-9]+/' ORDER BY 1`;
    return (await asStranger(endpoint, (session) => session.rows(sql))).map((row) => row['name'] ?? '');
  }

  it('leaves nothing of a worker that dies before its commit', async () => {
    await fresh();
    const dying = await targets.open(endpoint, names);
    const writer = await beginChunk(dying, users);
    await writer.write(tuples(users, '1\ta\n'));
    await writer.quarantine([
      { keyIdentity: 'k', key: Buffer.from('key'), reason: 'odd', column: null, row: Buffer.from('row') },
    ]);
    expect(await backends()).toEqual([`caravan/${names.hash}/1/0/1`]);
    await dying.close();
    await copyAll(target, users, '1\ta\n2\tb\n');
    expect(await keys()).toBe('1a 2b');
    expect((await target.ledger.totals('shop.users')).quarantined).toBe(0);
    expect((await target.ledger.list('shop.users'))[0]).toMatchObject({ epoch: 2, done: true, rows: 2 });
  });

  it('says done after the commit, and the cut holds', async () => {
    await fresh([users], ['10', '20']);
    await copyAll(target, users, '1\ta\n');
    expect(await target.ledger.cut('shop.users', ['5'])).toEqual({ chunks: 3, done: 1 });
    const taken = await target.ledger.take('shop.users', 0, { repair: false });
    expect(taken).toMatchObject({ state: 'done', chunk: { rows: 1, upper: '10', epoch: 1 } });
    await expect(target.ledger.take('shop.users', 9, { repair: false })).rejects.toMatchObject({
      code: 'LEDGER_INCOMPLETE',
    });
  });

  it('ends an older open backend, whose worker then gets TARGET_LOST', async () => {
    await fresh();
    const older = await beginChunk(target, users);
    await older.write(tuples(users, '1\told\n'));
    const newer = await beginChunk(await targets.open(endpoint, names), users);
    expect(await backends()).toEqual([`caravan/${names.hash}/1/0/2`]);
    await expect(older.commit(NOTHING)).rejects.toMatchObject({ code: 'TARGET_LOST' });
    await older.abort();
    await newer.write(tuples(users, '1\tnew\n'));
    await newer.commit(NOTHING);
    expect(await keys()).toBe('1new');
  });

  it('gives a stale epoch the fence, and rolls it back', async () => {
    await fresh();
    const writer = await beginChunk(target, users);
    await writer.write(tuples(users, '1\told\n'));
    await asStranger(endpoint, (session) => session.run(`UPDATE "caravan_${names.hash}_meta".chunk SET epoch = 7`));
    await expect(writer.commit(NOTHING)).rejects.toMatchObject({ code: 'FENCE_LOST', facts: { chunk: 0 } });
    await writer.abort();
    expect(await keys()).toBe('');
    const stale = await target.ledger.take('shop.users', 0, { repair: false });
    await target.ledger.take('shop.users', 0, { repair: false });
    if (stale.state === 'done') throw new Error('not done');
    await expect(stale.begin(users)).rejects.toMatchObject({ code: 'FENCE_LOST' });
    await until('no connection is left', async () => (await backends()).length === 0);
  });

  it('takes a chunk whose older attempt stopped between fence and COMMIT', async () => {
    await fresh();
    const stopped = await openSession(endpoint, `caravan/${names.hash}/1/0/0`);
    await stopped.run(`BEGIN; UPDATE "caravan_${names.hash}_meta".chunk SET done = true`);
    await copyAll(target, users, '1\ta\n');
    expect(await keys()).toBe('1a');
    expect(stopped.lost).toBe(true);
  });

  it('knows that a commit without an answer was made', async () => {
    await fresh();
    const writer = await beginChunk(target, users);
    await writer.write(tuples(users, '1\ta\n'));
    const session = sessionOf(writer);
    const run = session.run.bind(session);
    session.run = async (sql) => {
      await run(sql);
      if (sql === 'COMMIT') throw new Error('Connection terminated unexpectedly');
    };
    await writer.commit({ rows: 1, bytes: 4, quarantined: 0, changed: 0 });
    expect((await target.ledger.list('shop.users'))[0]).toMatchObject({ done: true, rows: 1 });
  });

  it('knows that a commit without an answer was not made', async () => {
    await fresh();
    const writer = await beginChunk(target, users);
    await writer.write(tuples(users, '1\ta\n'));
    const session = sessionOf(writer);
    const run = session.run.bind(session);
    session.run = async (sql) => {
      if (sql === 'COMMIT') throw new Error('Connection terminated unexpectedly');
      await run(sql);
    };
    await expect(writer.commit(NOTHING)).rejects.toMatchObject({ code: 'TARGET_LOST' });
    await copyAll(target, users, '1\tb\n');
    expect(await keys()).toBe('1b');
  });

  it('tells row and column of a data error, and goes on after a savepoint', async () => {
    await fresh([
      simpleTable('t', {
        columns: [column('id', 'smallint', { kind: 'integer' }), column('name', 'character varying(3)')],
      }),
    ]);
    const t = simpleTable('t', {
      columns: [column('id', 'smallint', { kind: 'integer' }), column('name', 'character varying(3)')],
    });
    const writer = await beginChunk(target, t);
    await writer.write(tuples(t, '1\ta\n'));
    await writer.quarantine([
      { keyIdentity: 'before', key: Buffer.from('b'), reason: 'r', column: null, row: Buffer.from('') },
    ]);
    await writer.savepoint();
    await writer.quarantine([
      { keyIdentity: 'gone', key: Buffer.from('b'), reason: 'r', column: null, row: Buffer.from('') },
    ]);
    await writer.write(tuples(t, '2\tb\n3\tsecret\n'));
    const failure = await writer.flush().catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'ROW_REFUSED',
      facts: { sqlstate: '22001', line: 2, column: 'name', chunk: 0 },
    });
    expect(JSON.stringify(failure) + String(failure) + String((failure as Error).cause)).not.toContain('secret');
    await writer.rollbackToSavepoint();
    await writer.savepoint();
    await writer.write(tuples(t, '2\tb\n'));
    await writer.flush();
    await writer.releaseSavepoint();
    const value = {
      keyIdentity: 'k\t\\1',
      key: Buffer.from([0, 255]),
      column: 'na\nme',
      rule: 'cut',
      original: Buffer.from('secret'),
    };
    await writer.valueLedger([value, { ...value, column: 'id' }, value]);
    await writer.commit({ rows: 2, bytes: 8, quarantined: 1, changed: 3 });
    const exceptions = await target.ledger.exceptions('shop.t', 0);
    expect(exceptions.get('before')).toEqual({ changed: new Map(), quarantined: 1 });
    expect(exceptions.get('k\t\\1')).toEqual({
      changed: new Map([
        ['na\nme', { count: 2, rule: 'cut' }],
        ['id', { count: 1, rule: 'cut' }],
      ]),
      quarantined: 0,
    });
    expect(exceptions.size).toBe(2);
    const totals = await target.ledger.totals('shop.t');
    expect(totals).toMatchObject({ quarantined: 1, changed: 3 });
    expect(totals.byReason).toContainEqual({ reason: 'changed:cut', column: 'id', count: 1 });
    const [entry] = await target.ledger.entries('value_ledger', 0, 1);
    expect(entry).toMatchObject({ table: 'shop.t', chunk: 0, keyIdentity: 'k\t\\1', column: 'na\nme', reason: 'cut' });
    expect(entry?.key).toEqual(Buffer.from([0, 255]));
    expect(entry?.bytes.toString()).toBe('secret');
    expect(await target.ledger.entries('value_ledger', entry?.id ?? 0, 10)).toHaveLength(2);
  });

  it.skipIf(binaries !== 'embedded')('keeps a row of 64 MiB in quarantine, byte for byte', async () => {
    await fresh([users]);
    const row = Buffer.alloc(64 * 1024 * 1024, Buffer.from(Array.from({ length: 256 }, (_, at) => (at * 7) % 256)));
    const writer = await beginChunk(target, users, 0);
    await writer.quarantine([{ keyIdentity: 'k', key: Buffer.from('b'), reason: 'too_long', column: null, row }]);
    await writer.commit({ ...NOTHING, quarantined: 1 });
    const [entry] = await target.ledger.entries('quarantine', 0, 1);
    expect(entry?.bytes.equals(row)).toBe(true);
  });

  it('repairs one key range with its ledger, past foreign keys and checks that the data violates', async () => {
    const posts = simpleTable('posts', {
      columns: [
        column('id', 'bigint', { kind: 'integer', nullable: false }),
        column('name', 'text'),
        column('user', 'bigint', { kind: 'integer' }),
      ],
      checks: [{ name: 'short', expression: 'length(name) < 3' }],
      foreignKeys: [
        {
          name: 'posts_user',
          columns: ['user'],
          targetTable: { schema: 'public', name: 'users' },
          targetColumns: ['id'],
          onDelete: 'CASCADE',
          onUpdate: 'CASCADE',
        },
      ],
    });
    await fresh([users, posts], ['10']);
    const plan = mapping([users, posts]);
    for (const [table, chunk, rows] of [
      [users, 0, '1\ta\n'],
      [users, 1, '10\tb\n11\tc\n'],
      [posts, 0, '1\tlong\t1\n2\tx\t99\n'],
      [posts, 1, '12\ty\t11\n'],
    ] as const) {
      const writer = await beginChunk(target, table, chunk);
      await writer.write(tuples(table, rows));
      await writer.quarantine([
        { keyIdentity: `q${chunk}`, key: Buffer.from(''), reason: 'r', column: null, row: Buffer.from('') },
      ]);
      await writer.commit({ rows: 2, bytes: 9, quarantined: 1, changed: 0 });
    }
    for (const table of plan.tables) await target.buildKeys(table, plan);
    const first = await target.addForeignKeys(plan);
    expect(first.findings).toMatchObject([
      { code: 'foreign_key_not_valid', object: 'public.posts.posts_user', count: 1 },
    ]);
    const repairUsers = await beginChunk(target, users, 1, true);
    await repairUsers.write(tuples(users, '10\tB\n'));
    await repairUsers.commit({ rows: 1, bytes: 5, quarantined: 0, changed: 0 });
    const repairPosts = await beginChunk(target, posts, 0, true);
    await repairPosts.write(tuples(posts, '1\tlonger\t1\n3\tx\t98\n'));
    await repairPosts.commit({ rows: 2, bytes: 5, quarantined: 0, changed: 0 });
    expect(await keys(users)).toBe('1a 10B');
    expect(await keys(posts)).toBe('1longer 3x 12y');
    expect((await target.ledger.exceptions('shop.users', 1)).size).toBe(0);
    expect([...(await target.ledger.exceptions('shop.users', 0)).values()]).toMatchObject([{ quarantined: 1 }]);
    expect((await target.buildKeys(posts, plan)).findings).toMatchObject([{ code: 'check_not_valid', count: 1 }]);
    expect((await target.addForeignKeys(plan)).findings).toMatchObject([{ code: 'foreign_key_not_valid', count: 2 }]);
    expect((await target.compareStructure(plan)).findings).toEqual([]);
    expect(await target.dropForeignKeys(plan)).toEqual({ foreignKeys: 1 });
    expect(await target.dropForeignKeys(plan)).toEqual({ foreignKeys: 0 });
    expect((await target.addForeignKeys(plan)).foreignKeys).toBe(1);
  });

  it('sets NOT NULL that gave way where no value became NULL, and takes it off for a repair', async () => {
    const id = column('id', 'bigint', { kind: 'integer', nullable: false, sourceNullable: false });
    const name = column('name', 'text', { sourceNullable: false });
    const notes = simpleTable('notes', { columns: [id, { ...name, relaxed: true }] });
    await fresh([notes]);
    const plan = mapping([notes]);
    await copyAll(target, notes, '1\ta\n2\tb\n');
    const set = { code: 'not_null_relaxed', object: 'shop.notes.name', count: 0, disposition: 'repaired' };
    expect((await target.buildKeys(notes, plan)).findings).toMatchObject([set]);
    expect((await target.compareStructure(plan)).findings).toEqual([]);
    const plain = { ...notes, columns: [id, name] };
    expect((await target.compareStructure(mapping([plain]))).findings).toMatchObject([{ code: 'structure_differs' }]);
    for (const [rows, found] of [
      ['1\ta\n2\t\\N\n', { ...set, count: 1, disposition: 'listed' }],
      ['1\ta\n2\tb\n', set],
    ] as const) {
      const writer = await beginChunk(target, notes, 0, true);
      await writer.write(tuples(notes, rows));
      await writer.commit(NOTHING);
      expect((await target.buildKeys(notes, plan)).findings).toMatchObject([found]);
      expect((await target.compareStructure(plan)).findings).toEqual([]);
    }
    const later = { ...notes, rows: 'none' as const };
    expect((await target.buildKeys(later, mapping([later]))).findings).toEqual([]);
  });

  it('repairs a table of one chunk by emptying it', async () => {
    const log = simpleTable('log');
    delete (log as { chunkKey?: unknown }).chunkKey;
    await fresh([log]);
    await copyAll(target, log, '1\ta\n2\tb\n');
    const took = (await target.ledger.list('shop.log')).map(({ tookMs }) => tookMs);
    expect(took, 'its ledger row says how long it took').toEqual([expect.any(Number)]);
    const writer = await beginChunk(target, log, 0, true);
    await writer.write(tuples(log, '3\tc\n'));
    await writer.commit(NOTHING);
    expect(await keys(log)).toBe('3c');
    const aborted = await beginChunk(target, log, 0, true);
    await aborted.abort();
    expect(await keys(log)).toBe('3c');
    expect((await target.ledger.seal('shop.log')).chunks).toBe(1);
    expect((await target.ledger.list('shop.log')).map(({ tookMs }) => tookMs)).toEqual(took);
  });

  it('seals only what is done and covers the key space', async () => {
    await fresh([users], ['10', '20']);
    for (const chunk of [0, 1])
      await (await beginChunk(target, users, chunk)).commit({ rows: 3, bytes: 5, quarantined: 1, changed: 2 });
    await expect(target.ledger.seal('shop.users')).rejects.toMatchObject({
      code: 'LEDGER_INCOMPLETE',
      facts: { chunk: 2 },
    });
    await (await beginChunk(target, users, 2)).commit({ rows: 3, bytes: 5, quarantined: 1, changed: 2 });
    expect(await target.ledger.seal('shop.users')).toEqual({
      chunks: 3,
      rows: 9,
      bytes: 15,
      quarantined: 3,
      changed: 6,
    });
    const spoil = (sql: string): Promise<void> =>
      asStranger(endpoint, (session) => session.run(sql.replace('chunk', `"caravan_${names.hash}_meta".chunk`)));
    await spoil(`UPDATE chunk SET lower = '11' WHERE lower = '10'`);
    await expect(target.ledger.seal('shop.users')).rejects.toMatchObject({
      code: 'LEDGER_INCOMPLETE',
      facts: { chunk: 1 },
    });
    await spoil(`DELETE FROM chunk WHERE upper IS NULL`);
    await spoil(`UPDATE chunk SET lower = '10' WHERE lower = '11'`);
    await expect(target.ledger.seal('shop.users')).rejects.toMatchObject({ code: 'LEDGER_INCOMPLETE' });
  });

  it('lends many small writes and large ones without changing a byte', async () => {
    await fresh();
    const writer = await beginChunk(target, users);
    const small = Buffer.alloc(64);
    for (let id = 0; id < 2000; id += 1) {
      const length = tuples(users, `${id}\tsmall ${id}\n`).copy(small);
      await writer.write(small.subarray(0, length));
    }
    const large = Buffer.alloc(5_000_000);
    for (let round = 1; round <= 3; round += 1) {
      const lines = Array.from({ length: 90_000 }, (_, at) => {
        const id = round * 100_000 + at;
        return `${id}\tlarge ${id}\n`;
      });
      const length = tuples(users, lines.join('')).copy(large);
      await writer.write(large.subarray(0, length));
      large.fill(0);
    }
    await writer.commit(NOTHING);
    const sql = `SELECT count(*) AS n FROM "caravan_${names.hash}".users WHERE name IN ('small ' || id, 'large ' || id)`;
    const [row] = await asStranger(endpoint, (session) => session.rows(sql));
    expect(row?.['n']).toBe('272000');
  });

  it('undoes 450 tables with foreign keys, twice, and leaves nothing', async () => {
    endpoint = await server.database();
    names = someNames();
    target = await targets.open(endpoint, names);
    const tables = Array.from({ length: 450 }, (_, at) => simpleTable(`t${at}`));
    await target.createShadow(mapping(tables, { types: [{ name: 'mood', labels: ['a'] }] }));
    const link = `ALTER TABLE "caravan_${names.hash}".`;
    await asStranger(endpoint, async (session) => {
      for (const name of ['t0', 't449']) await session.run(`${link}${name} ADD PRIMARY KEY (id)`);
      await session.run(
        `${link}t0 ADD FOREIGN KEY (id) REFERENCES "caravan_${names.hash}".t449; ${link}t449 ADD FOREIGN KEY (id) REFERENCES "caravan_${names.hash}".t0`,
      );
    });
    const blocking = await openSession(endpoint, `caravan/${names.hash}/1/0/1`);
    await blocking.run(`BEGIN; SELECT * FROM "caravan_${names.hash}".t7`);
    expect(await target.undo('public')).toEqual({ left: [] });
    expect(await target.undo('public')).toEqual({ left: [] });
    const rows = await asStranger(endpoint, (session) =>
      session.rows(`SELECT 1 FROM pg_namespace WHERE nspname LIKE 'caravan%'`),
    );
    expect(rows).toEqual([]);
  }, 60_000);

  it('does not drop what somebody made on a shadow table, and names it', async () => {
    await fresh();
    await asStranger(endpoint, (session) =>
      session.run(`CREATE VIEW public.peek AS SELECT * FROM "caravan_${names.hash}".users`),
    );
    expect(await target.undo('public')).toEqual({ left: [`table caravan_${names.hash}.users`] });
    await asStranger(endpoint, (session) => session.run('DROP VIEW public.peek'));
    expect(await target.undo('public')).toEqual({ left: [] });
  });

  it('refuses a second migration into the same target schema', async () => {
    await fresh();
    const second = await targets.open(endpoint);
    const leased = { code: 'TARGET_LEASED' };
    await expect(second.preflight({ targetSchema: 'public', objects: 1 })).rejects.toMatchObject(leased);
    await expect(second.createShadow(mapping([users]))).rejects.toMatchObject(leased);
    expect(await second.undo('public')).toEqual({ left: [] });
    await target.createShadow(mapping([users]));
    await second.createShadow(mapping([users], { targetSchema: 'other' }));
    expect(await target.preflight({ targetSchema: 'public', objects: 1 })).toMatchObject({
      version: binaries === 'embedded' ? 18 : 15,
    });
  });
});

/** The backend of an open writer, to break it at the wrong moment. */
