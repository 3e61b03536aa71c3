import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { oldSchema } from '../../contracts/names.js';
import { purgeOld } from '../../databases/postgres/janitor.js';
import { build, column, copyAll, mapping, simpleTable, someNames, table, Targets } from './postgres-fixtures.js';
import { asStranger, installedServers, startTestServer } from './postgres-server.js';
import type { TestServer } from './postgres-server.js';
import { ours, value } from './postgres-strangers.js';

describe.each(installedServers())('what stands beside rows, on the %s server', (binaries) => {
  let server: TestServer;
  const targets = new Targets();

  beforeAll(async () => {
    server = await startTestServer(binaries);
  }, 60_000);
  afterEach(() => targets.closeAll());
  afterAll(async () => {
    await server.stop();
  });

  it('moves triggers with their functions, compares them, and puts replaced ones away', async () => {
    const endpoint = await server.database();
    let names = someNames();
    let target = await targets.open(endpoint, names);
    const at = column('at', 'timestamptz(0)', { kind: 'timestamptz' });
    const id = column('id', 'integer', { kind: 'integer', nullable: false, sourceNullable: false });
    const onUpdate = { name: 'notes_on_update', columns: ['at'] };
    const indexes = [
      {
        name: 'notes_half',
        columns: [{ expression: 'id % 2', descending: true }],
        unique: true,
        where: '"at" IS NOT NULL',
      },
    ];
    const plan = mapping([table('notes', [id, at], { onUpdate, indexes })]);
    await build(target, plan, { notes: '1\t2001-01-01\n2\t\\N\n4\t\\N\n' });
    expect((await target.compareStructure(plan)).findings).toEqual([]);
    const other = mapping([table('notes', [id, at])]);
    expect((await target.compareStructure(other)).findings).toMatchObject([{ object: 'public.notes' }]);
    await target.reduceShadow(mapping([simpleTable('else')]));
    expect(await value(endpoint, `SELECT count(*) FROM pg_proc WHERE proname = 'notes_on_update'`)).toBe('0');
    await target.undo('public');
    expect(await ours(endpoint)).toEqual([]);

    for (const round of [1, 2]) {
      names = someNames();
      target = await targets.open(endpoint, names);
      const onExisting = round === 1 ? 'fail' : 'replace';
      if (round === 2) await expect(target.checkNames(plan, 'fail')).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
      await target.checkNames(plan, onExisting);
      await build(target, plan, { notes: '1\t2001-01-01\n' });
      await target.promote(plan, { onExisting });
      await target.dropSidecar('public');
      const touch = 'UPDATE public.notes SET id = id + 1 RETURNING at > now() - interval $$1 minute$$';
      expect(await value(endpoint, touch)).toBe('t');
    }
    expect(
      await value(
        endpoint,
        `SELECT proname FROM pg_proc WHERE pronamespace = '${oldSchema(names.hash)}'::regnamespace`,
      ),
    ).toBe('notes_on_update');
    expect(await purgeOld(endpoint, names.hash)).toEqual({ left: [] });
    await asStranger(endpoint, (session) =>
      session.run(`CREATE TABLE public.mine (at timestamptz);
        CREATE TRIGGER t BEFORE UPDATE ON public.mine FOR EACH ROW EXECUTE FUNCTION public.notes_on_update()`),
    );
    await expect(target.checkNames(plan, 'replace')).rejects.toMatchObject({
      code: 'TARGET_DEPENDENTS',
      facts: { names: ['trigger t on table public.mine'] },
    });
  });

  it('goes on without an index that the server cannot make, and says so once', async () => {
    const endpoint = await server.database();
    const target = await targets.open(endpoint);
    const id = column('id', 'integer', { kind: 'integer', nullable: false, sourceNullable: false });
    const indexes = [
      { name: 'long_text', columns: [{ column: 't', descending: false }] },
      { name: 'now_text', columns: [{ expression: `t || to_char(now(), 'YYYY')`, descending: false }] },
      { name: 'divided', columns: [{ expression: '1 / id', descending: false }] },
      { name: 'short_text', columns: [{ expression: 'left(t, 20)', descending: false }] },
    ];
    const plan = mapping([table('words', [id, column('t', 'text')], { indexes })]);
    await target.createShadow(plan);
    const noise = randomBytes(6000).toString('hex');
    await copyAll(target, plan.tables[0] ?? expect.unreachable(), `0\t${noise}\n`);
    for (let time = 0; time < 2; time += 1) {
      const { findings } = await target.buildKeys(plan.tables[0] ?? expect.unreachable(), plan);
      expect(findings.map(({ object }) => object)).toEqual([
        ...['public.words.long_text', 'public.words.now_text', 'public.words.divided'],
      ]);
    }
    expect((await target.compareStructure(plan)).findings).toEqual([]);
    await asStranger(endpoint, (session) =>
      session.run(
        `DO $$ BEGIN EXECUTE (SELECT format('DROP INDEX %I.short_text', schemaname) FROM pg_indexes WHERE indexname = 'short_text'); END $$`,
      ),
    );
    expect((await target.compareStructure(plan)).findings).toMatchObject([{ object: 'public.words.short_text' }]);
    await target.undo('public');
    expect(await ours(endpoint)).toEqual([]);
  });

  it('tells which generated columns it does not take, and makes nothing', async () => {
    const endpoint = await server.database();
    const target = await targets.open(endpoint);
    const columns = [
      column('id', 'integer', { kind: 'integer' }),
      column('mood', 'mood', { kind: 'enum' }),
      column('fits', 'integer', { kind: 'integer', generated: 'id * 2' }),
      column('clock', 'timestamptz', { kind: 'timestamptz', generated: 'now()' }),
      column('label', 'text', { generated: 'mood::text' }),
      column('other', 'text', { generated: 'id > 1' }),
    ];
    const plan = mapping([table('t', columns)], { types: [{ name: 'mood', labels: ['glad'] }] });
    const refused = await target.refusedGenerated(plan);
    expect(refused.map(({ column: name, reason }) => [name, /SQLSTATE (\w+)/.exec(reason)?.[1]])).toEqual([
      ['clock', '42P17'],
      ['label', '42P17'],
    ]);
    expect(await ours(endpoint)).toEqual([]);
    const name = (await value(endpoint, 'SELECT current_database()')) ?? '';
    const login = `modest_${name}`;
    await asStranger(endpoint, (session) =>
      session.run(`REVOKE TEMPORARY ON DATABASE "${name}" FROM PUBLIC; CREATE ROLE ${login} LOGIN PASSWORD 'modest'`),
    );
    const modest = await targets.open({ ...endpoint, user: login, password: 'modest' });
    expect((await modest.refusedGenerated(plan)).map((each) => each.column)).toEqual([
      'fits',
      'clock',
      'label',
      'other',
    ]);
  });
});
