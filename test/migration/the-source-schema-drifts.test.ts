import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasMariadb, startPrivateMariadb } from '../databases/mariadb.js';
import type { PrivateMariadb } from '../databases/mariadb.js';
import { startFaulty } from './faults-harness.js';
import { lockShadowTable, untilBlocked } from './faults-holds.js';
import { urlOf, viewStack } from './fixtures.js';
import type { StackView } from './fixtures.js';
import { caravan } from './harness.js';

const DRIFTING = `
CREATE TABLE a (id INT PRIMARY KEY, n INT); INSERT INTO a VALUES (1, 1), (2, 2);
CREATE TABLE b (id INT PRIMARY KEY, n INT, gone INT, UNIQUE KEY one_n (n)); INSERT INTO b VALUES (1, 1, 1);
CREATE TABLE emptied (id INT PRIMARY KEY); INSERT INTO emptied VALUES (1), (2), (3);`;

describe.skipIf(!hasMariadb)('A source whose schema changes while it is moved', () => {
  let server: PrivateMariadb;
  let view: StackView;
  /** As it is at the begin of every try. */
  const makeSource = (name: string): Promise<void> =>
    server.script(`DROP DATABASE IF EXISTS ${name}; CREATE DATABASE ${name}; USE ${name}; ${DRIFTING}`);

  beforeAll(async () => {
    server = await startPrivateMariadb();
    view = await viewStack();
  });
  afterAll(async () => {
    await view.close();
    await server.stop();
  });

  // [edge 74]
  it('waits with what changed by name, and goes on when it is mended; an emptied table is named', async () => {
    await makeSource('drift');
    const faulty = await startFaulty({ source: urlOf(server.endpoint('drift')), flags: [] });
    const migration = view.migration(faulty.id);
    await migration.waits('planning');
    expect((await caravan(['approve', faulty.id])).exit).toBe(0);
    // Its rows are copied, and its keys wait: the copy's snapshot is closed, that of the proof not yet open.
    const release = await lockShadowTable(faulty, 'a', 'ACCESS SHARE');
    await untilBlocked(faulty.target);
    await server.script(`USE drift; TRUNCATE emptied;
      ALTER TABLE a ADD COLUMN extra VARCHAR(9) NOT NULL; ALTER TABLE b DROP COLUMN gone, MODIFY n BIGINT, DROP KEY one_n;`);
    await release();
    await migration.waits('verification');
    const question = (await migration.questions()).at(-1);
    expect(question).toMatchObject({ id: 'schema_drift:1', options: ['retry', 'abort'], default: 'abort' });
    expect(question?.text).toMatch(/^SCHEMA_DRIFT/);
    for (const change of [
      'drift.a: column extra (varchar(9) NOT NULL) was added',
      'column gone (int(11)) was dropped',
      'column n was changed from int(11) to bigint(20)',
      'unique key one_n was dropped',
    ])
      expect(question?.text).toContain(change);
    await server.script(`USE drift; ALTER TABLE a DROP COLUMN extra;
      ALTER TABLE b ADD COLUMN gone INT, MODIFY n INT, ADD UNIQUE KEY one_n (n); UPDATE b SET gone = 7;`);
    expect((await caravan(['answer', faulty.id, 'schema_drift:1', 'retry'])).exit).toBe(0);
    const { exit, json, stderr } = await faulty.running.ended;
    expect(exit, stderr).toBe(0);
    expect(json.findings).toEqual(
      expect.arrayContaining([expect.objectContaining({ code: 'table_emptied', object: 'drift.emptied', count: 3 })]),
    );
    expect(await faulty.target.query('SELECT gone FROM b')).toEqual([{ gone: 7 }]);
    expect(await faulty.target.query('SELECT * FROM emptied')).toEqual([]);
    await faulty.target.drop();
  });

  it('fails only the table that changed before the copy, and the others arrive without it', async () => {
    await makeSource('lost');
    const faulty = await startFaulty({ source: urlOf(server.endpoint('lost')), flags: [] });
    const migration = view.migration(faulty.id);
    await migration.waits('planning');
    await server.script('USE lost; ALTER TABLE a MODIFY n VARCHAR(20);');
    expect((await caravan(['approve', faulty.id])).exit).toBe(0);
    await migration.waits('execution');
    const question = (await migration.questions()).at(-1);
    expect(question?.text).toContain(
      '"lost.a": since it was looked at first: column n was changed from int(11) to varchar(20)',
    );
    expect(question?.options).toContain('exclude');
    expect((await caravan(['answer', faulty.id, question?.id ?? '', 'exclude'])).exit).toBe(0);
    const { json, stderr } = await faulty.running.ended;
    expect(json.tables.map(({ source }) => source).sort(), stderr).toEqual(['lost.b', 'lost.emptied']);
    await faulty.target.drop();
  });
});
