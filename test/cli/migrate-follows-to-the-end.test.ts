import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readStackState } from '../../platform/local-stack/stack-state.js';
import { cliHome, findOlderNode, makeShop, reportOf } from './cli-harness.js';
import type { CliHome } from './cli-harness.js';

const olderNode = findOlderNode();
let home: CliHome;
let source: string;
let target: string;
beforeAll(async () => {
  home = cliHome();
  source = makeShop(join(home.folder, 'shop.db'));
  const { exit, stderr } = await home.run('up', '--detach');
  if (exit !== 0) throw new Error(stderr);
  target = readStackState(join(home.folder, 'home'))?.databaseUrl ?? '';
}, 120_000);
afterAll(async () => {
  await home.dispose();
}, 60_000);

/** A name for one try: of a schema, a migration, a connection. */
const unique = (name: string): string => `${name}${randomBytes(4).toString('hex')}`;

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: target });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('migrate', { timeout: 90_000 }, () => {
  it('with --yes promotes, proves, and its certificate is valid', async () => {
    const name = unique('yes');
    const ran = await home.run(
      'migrate',
      '--source',
      source,
      '--target',
      target,
      '--target-schema',
      name,
      '--yes',
      '--json',
    );
    const report = reportOf(ran);
    expect(report).toMatchObject({ status: 'proven', notMigrated: [] });
    expect(report.tables.map(({ target: to, targetRows }) => [to, targetRows])).toEqual([
      [`${name}.customers`, 3],
      [`${name}.orders`, 2],
    ]);
    expect(ran.exit).toBe(0);
    expect(await query(`SELECT name FROM ${name}.customers ORDER BY id`)).toEqual([
      { name: 'Ada' },
      { name: 'Grace' },
      { name: 'Zoë' },
    ]);
    const certificate = report.certificate ?? '';
    const key = await home.run('certificate', 'key');
    writeFileSync(join(home.folder, 'key.pem'), key.stdout);
    expect(await home.run('certificate', 'verify', certificate, '--key', 'key.pem')).toMatchObject({ exit: 0 });
    writeFileSync(certificate, readFileSync(certificate, 'utf8').replace('"targetRows": 3', '"targetRows": 4'));
    expect(await home.run('certificate', 'verify', certificate)).toMatchObject({ exit: 1 });
    expect((await home.run('certificate', 'verify', 'shop.db')).exit).toBe(2);
  });

  it('takes back the plan that "plan" made, waits for approval, and can be joined by a second command', async () => {
    const name = unique('again');
    const planned = await home.run('plan', '--source', source, '--target-schema', name, '--out', 'plan.yaml', '--json');
    expect(reportOf(planned)).toMatchObject({ status: 'planned' });
    expect(planned.exit).toBe(0);
    const args = [
      'migrate',
      '--source',
      source,
      '--target',
      target,
      '--plan',
      'plan.yaml',
      '--workflow-id',
      name,
      '--json',
    ];
    const first = home.start(args);
    await first.told(`caravan approve ${name}`);
    const second = home.start(args);
    await second.told(`attached to migration ${name}`);
    expect((await home.run('list')).stdout).toMatch(new RegExp(`${name} +waiting`, 'u'));
    expect((await home.run('answer', name, 'nothing', 'x')).exit).toBe(1);
    // Paused, so that it is still there when the second decision comes.
    expect(await home.run('pause', name)).toMatchObject({ exit: 0 });
    expect(await home.run('approve', name, '--by', 'alice')).toMatchObject({ exit: 0 });
    const late = await home.run('reject', name, '--reason', 'too late');
    expect(late).toMatchObject({ exit: 1 });
    expect(late.stderr).toMatch(/ALREADY_DECIDED.*alice/u);
    expect(await home.run('resume', name)).toMatchObject({ exit: 0 });
    for (const ran of await Promise.all([first.ended, second.ended])) {
      expect(reportOf(ran)).toMatchObject({ migrationId: name, status: 'proven' });
      expect(ran.exit).toBe(0);
    }
    expect((await home.run('pause', name)).stderr).toContain('it has ended');
    expect((await home.run('pause', 'nobody')).exit).toBe(2);
  });

  it('rejected exits with 4, and the target stays untouched', async () => {
    const name = unique('no');
    const running = home.start([
      'migrate',
      '--source',
      source,
      '--target',
      target,
      '--target-schema',
      name,
      '--workflow-id',
      name,
      '--json',
    ]);
    await running.told(`caravan approve ${name}`);
    expect((await home.run('reject', name, '--reason', 'not today')).exit).toBe(0);
    const ran = await running.ended;
    expect(reportOf(ran)).toMatchObject({ status: 'rejected', error: { code: 'PLAN_REJECTED' } });
    expect(ran.exit).toBe(4);
    expect(
      await query(`SELECT nspname FROM pg_namespace WHERE nspname = '${name}' OR nspname ~ '^caravan_[0-9a-f]{12}'`),
    ).toEqual([]);
  });

  it('at Ctrl-C undoes what it made, and says so', async () => {
    const name = unique('stop');
    const running = home.start([
      'migrate',
      '--source',
      source,
      '--target',
      target,
      '--target-schema',
      name,
      '--workflow-id',
      name,
      '--json',
    ]);
    await running.told(`caravan approve ${name}`);
    running.process.kill('SIGINT');
    await running.told('being undone');
    const ran = await running.ended;
    expect(reportOf(ran)).toMatchObject({ status: 'cancelled', error: { code: 'CANCELLED' } });
    expect(ran.exit).toBe(1);
  });

  it('told to leave, leaves at once and says how to come back; the migration goes on', async () => {
    const name = unique('leave');
    const args = [
      'migrate',
      '--source',
      source,
      '--target',
      target,
      '--target-schema',
      name,
      '--workflow-id',
      name,
      '--json',
    ];
    const running = home.start(args);
    await running.told(`caravan approve ${name}`);
    running.process.kill('SIGTERM');
    const ran = await running.ended;
    expect(reportOf(ran)).toMatchObject({ status: 'undo_incomplete', error: { code: 'UNDO_INCOMPLETE' } });
    expect(ran.exit).toBe(5);
    expect((await home.run('approve', name)).exit).toBe(0);
    const back = await home.run(...args);
    expect(['proven', 'invalid_input']).toContain(reportOf(back).status);
    expect(await query(`SELECT count(*)::int AS n FROM ${name}.orders`)).toEqual([{ n: 2 }]);
  });

  it('rides out the death of Temporal', async () => {
    const name = unique('outage');
    const args = ['migrate', '--source', source, '--target', target, '--target-schema', name, '--workflow-id', name];
    const running = home.start([...args, '--json']);
    await running.told(`caravan approve ${name}`);
    const temporal = readStackState(join(home.folder, 'home'))?.parts.find(({ name }) => name === 'temporal');
    process.kill(temporal?.pid ?? 0, 'SIGKILL');
    const approved = home.run('approve', name);
    await running.told('Temporal does not answer');
    expect((await approved).exit).toBe(0);
    expect(await running.ended).toMatchObject({ exit: 0 });
  });

  it.skipIf(olderNode === undefined)('started by an older Node dies with its wrapper', async () => {
    const name = unique('old');
    const args = [
      'migrate',
      '--source',
      source,
      '--target',
      target,
      '--target-schema',
      name,
      '--workflow-id',
      name,
      '--json',
    ];
    const running = home.start(args, olderNode);
    await running.told(`caravan approve ${name}`);
    running.process.kill('SIGKILL');
    // The pipe ends with its last holder: the command itself.
    const { stdout } = await running.ended;
    expect(JSON.parse(stdout)).toMatchObject({ status: 'undo_incomplete' });
    expect((await home.run('cancel', name)).exit).toBe(0);
  });

  it('names a database that refuses, exits with 2, and keeps the password to itself', async () => {
    const wrong = target.replace(/:[^:@/]+@/u, ':hunter2@');
    const ran = await home.run('migrate', '--source', source, '--target', wrong, '--yes', '--json');
    expect(reportOf(ran)).toMatchObject({ status: 'invalid_input', error: { code: 'LOGIN_REFUSED' } });
    expect(ran.exit).toBe(2);
    expect(ran.stdout + ran.stderr).not.toContain('hunter2');
    const unknown = await home.run('migrate', '--source', 'nobody', '--target', target, '--json');
    expect(reportOf(unknown)).toMatchObject({ status: 'invalid_input', error: { code: 'CONNECTION_UNKNOWN' } });
    expect(unknown.exit).toBe(2);
  });
});

describe('connections', { timeout: 60_000 }, () => {
  it('are added, listed without their password, used, and removed', async () => {
    const [name, warehouse, legacy] = [unique('named'), unique('warehouse'), unique('legacy')];
    const url = target.replace(/:[^:@/]+@/u, '@');
    writeFileSync(join(home.folder, 'password'), `${decodeURIComponent(/:([^:@/]+)@/u.exec(target)?.[1] ?? '')}\n`);
    expect((await home.run('connection', 'add', warehouse, url, '--password-file', 'password')).exit).toBe(0);
    expect((await home.run('connection', 'add', legacy, source)).exit).toBe(0);
    expect((await home.run('connection', 'add', legacy, source)).exit).toBe(2);
    expect((await home.run('connection', 'add', legacy, source, '--replace')).exit).toBe(0);
    const listed = await home.run('connection', 'list');
    expect(listed.stdout).toMatch(new RegExp(`${warehouse} +postgres +127\\.0\\.0\\.1:[0-9]+/caravan +caravan`, 'u'));
    const ran = await home.run(
      'migrate',
      '--source',
      legacy,
      '--target',
      warehouse,
      '--target-schema',
      name,
      '--yes',
      '--json',
    );
    expect(reportOf(ran)).toMatchObject({ status: 'proven' });
    expect((await home.run('connection', 'remove', legacy)).exit).toBe(0);
    expect((await home.run('connection', 'remove', legacy)).exit).toBe(2);
  });
});
