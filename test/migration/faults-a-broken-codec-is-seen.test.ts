import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageFolder } from '../../platform/local-stack/package-folder.js';
import { hasMariadb, startPrivateMariadb } from '../databases/mariadb.js';
import type { PrivateMariadb } from '../databases/mariadb.js';
import { expectUntouched, faultStack, scratch, startFaulty } from './faults-harness.js';
import type { FaultStack } from './faults-harness.js';
import { urlOf } from './fixtures.js';
import { leftovers } from './harness.js';

/**
 * The roles `copy` and `verify` as workers/ compose them, but the transform flips a bit of every value in a column
 * `v` while FLAG exists. No such route is in the product.
 */
const ENTRY = `
import { existsSync } from 'node:fs';
import { SnapshotHost } from 'DIST/activities/snapshot-host.js';
import { createScoutActivities } from 'DIST/activities/scout/activities.js';
import { createValidatorActivities } from 'DIST/activities/validator/activities.js';
import { createWorkerActivities } from 'DIST/activities/worker/activities.js';
import { checkChunk as check } from 'DIST/activities/worker/check-chunk.js';
import { copyChunk } from 'DIST/activities/worker/copy-chunk.js';
import { QUEUES, processQueue } from 'DIST/contracts/queues.js';
import { main, runWorkers } from 'DIST/workers/run.js';
import { openRuntime } from 'DIST/workers/runtime.js';

const { ROLE: role, FLAG: flag } = process.env;
const spoil = (codec) => (bytes, start, end, storage, sink) => {
  const from = sink.length;
  const issue = codec(bytes, start, end, storage, sink);
  // The last byte but one: it holds a digit, a letter, a day, some microseconds; whatever the type, nothing that rounds.
  const at = Math.max(from, sink.length - 2);
  if (issue === 0 && at < sink.length) sink.bytes[at] ^= 1;
  return issue;
};
main(async () => {
  const runtime = await openRuntime(role);
  const compileTransform = (table) => {
    const codecs = runtime.deps.compileTransform(table);
    return existsSync(flag) ? codecs.map((codec, at) => (table.columns[at].source === 'v' ? spoil(codec) : codec)) : codecs;
  };
  const deps = { ...runtime.deps, compileTransform };
  const host = new SnapshotHost(deps.processId);
  const repairChunk = async (input, alive) => { await copyChunk(deps, host, { ...input, repair: true }, alive); };
  const checkChunk = (input, alive) => check(deps, { ...input, alive });
  const activities = role === 'copy'
    ? { ...createWorkerActivities(deps, host), ...createScoutActivities(deps) }
    : createValidatorActivities(deps, host, { repairChunk, checkChunk });
  await runWorkers(runtime, [
    { taskQueue: QUEUES[role], activities, slots: 6 },
    { taskQueue: processQueue(deps.processId), activities, slots: 100 },
  ]);
  await host.closeAll();
  await runtime.close();
});
`;

/** One table for each codec that SQLite's declared types lead to; every value is as its type wants it. */
const KINDS = {
  whole: ['INTEGER', '4711'],
  fraction: ['DOUBLE', '2.25'],
  exact: ['DECIMAL(10,2)', '12.34'],
  words: ['TEXT', "'grün'"],
  short_words: ['VARCHAR(20)', "'short'"],
  day: ['DATE', "'2024-02-13'"],
  moment: ['DATETIME', "'2024-02-13 11:22:33'"],
  clock: ['TIME', "'11:22:33'"],
  bytes: ['BLOB', "x'00ff10'"],
  yes_or_no: ['BOOLEAN', '1'],
} as const;

const KEYLESS = 'without_key';

/** The codecs that only MariaDB's types lead to; what the spoiling makes of a value is one that the type takes. */
const MARIADB_KINDS = {
  small: ['SMALLINT', '4711'],
  middle: ['INT', '-4711'],
  huge: ['BIGINT UNSIGNED', '18446744073709551615'],
  single: ['FLOAT', '1.5'],
  label: ["ENUM('ba', 'ca')", "'ba'"],
  labels: ["SET('one', 'two')", "'one,two'"],
  bits: ['BIT(12)', "b'101010101010'"],
  moment: ['DATETIME(6)', "'2024-02-13 11:22:33.5'"],
  instant: ['TIMESTAMP(6) NULL', "'2024-02-13 11:22:33.5'"],
  clock: ['TIME(6)', "'11:22:33.5'"],
  span: ['TIME(6)', "'-838:59:59'"],
  document: ['JSON', `'{"a":1}'`],
  number: ['UUID', "'123e4567-e89b-12d3-a456-426614174000'"],
  address: ['INET6', "'2001:db8::1'"],
  place: ['POINT', "ST_GeomFromText('POINT(1 2)', 4326)"],
} as const;

describe('a codec of the copy that spoils one bit', () => {
  const folder = scratch();
  const flags = { copy: folder.path('spoil-copy'), verify: folder.path('spoil-verify') };
  let stack: FaultStack;
  let source: string;
  let server: PrivateMariadb | undefined;

  beforeAll(async () => {
    const entry = folder.path('spoiling-worker.mjs');
    writeFileSync(entry, ENTRY.replaceAll('DIST', join(packageFolder(), 'dist')));
    const spoiling = (role: 'copy' | 'verify') => ({ role, entry, environment: { ROLE: role, FLAG: flags[role] } });
    stack = await faultStack([{ role: 'control' }, spoiling('copy'), spoiling('verify')]);
    const file = folder.path('kinds.sqlite');
    const database = new DatabaseSync(file);
    for (const [kind, [type, value]] of Object.entries(KINDS)) {
      database.exec(
        `CREATE TABLE ${kind} (id INTEGER PRIMARY KEY, v ${type}); INSERT INTO ${kind} VALUES (1, ${value}), (2, NULL)`,
      );
    }
    // The name hides the rowid, so the table has no key; one of its values has to be in the value ledger.
    database.exec(
      `CREATE TABLE ${KEYLESS} (rowid DATE, v INTEGER);
       WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
       INSERT INTO ${KEYLESS} SELECT '2023-02-28', 4711 FROM n; INSERT INTO ${KEYLESS} VALUES ('2023-02-30', 4711)`,
    );
    database.close();
    source = `sqlite:${file}`;
  });
  afterAll(async () => {
    await stack.dispose();
    await server?.stop();
    folder.remove();
  });

  async function expectRed(from: string, tables: readonly string[]): Promise<void> {
    for (const flag of Object.values(flags)) mkdirSync(flag, { recursive: true });
    const { target, running } = await startFaulty({ source: from, stack });
    const ran = await running.ended;
    expect(ran.exit, ran.stderr).toBe(1);
    expect(ran.json).toMatchObject({ status: 'failed', error: { code: 'NOT_EQUAL' } });
    const differing = ran.json.findings.filter(({ code }) => code === 'rows_differ').map(({ object }) => object);
    expect(differing.sort()).toEqual([...tables].sort());
    await expectUntouched(target);
    await target.drop();
  }

  it('turns the proof of every kind of column red: NOT_EQUAL, undone, exit 1', async () => {
    await expectRed(
      source,
      [...Object.keys(KINDS), KEYLESS].map((kind) => `main.${kind}`),
    );
  });

  it.skipIf(!hasMariadb)(
    "does so for MariaDB's types",
    async () => {
      server = await startPrivateMariadb();
      await server.script('CREATE DATABASE kinds CHARACTER SET utf8mb4');
      for (const [kind, [type, value]] of Object.entries(MARIADB_KINDS)) {
        const columns = `id INT PRIMARY KEY, v ${type}`;
        await server.script(
          `CREATE TABLE ${kind} (${columns}); INSERT INTO ${kind} VALUES (1, ${value}), (2, NULL)`,
          'kinds',
        );
      }
      await expectRed(
        urlOf(server.endpoint('kinds')),
        Object.keys(MARIADB_KINDS).map((kind) => `kinds.${kind}`),
      );
    },
    240_000,
  );

  it('is repaired from the source where the repair is made by an honest one', async () => {
    rmSync(flags.verify, { recursive: true });
    const { target, running } = await startFaulty({ source, stack });
    const ran = await running.ended;
    expect(ran.exit, ran.stderr).toBe(3);
    expect(ran.json.status).toBe('proven_with_exceptions');
    const excepted = ran.json.findings.filter(({ kind }) => kind === 'data');
    expect(excepted).toMatchObject([{ code: 'values_changed', object: `main.${KEYLESS}.rowid`, count: 1 }]);
    expect(await target.query('SELECT v FROM whole ORDER BY id')).toEqual([
      { v: expect.anything() as unknown },
      { v: null },
    ]);
    expect(String((await target.query('SELECT v FROM whole WHERE id = 1'))[0]?.['v'])).toBe('4711');
    expect(await leftovers(target)).toEqual([]);
    await target.drop();
  });
});
