import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { QueryVerdict } from '../../contracts/replay.js';
import { openMysqlSource } from '../../databases/mysql/source.js';
import { hasMariadb, sakilaFolder, startPrivateMariadb } from '../databases/mariadb.js';
import type { PrivateMariadb } from '../databases/mariadb.js';
import { testFolder, urlOf } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, freshDatabase } from './harness.js';

const READS = [
  'SELECT actor_id, first_name, last_name FROM actor ORDER BY actor_id LIMIT 20',
  'SELECT rating, COUNT(*) AS films, AVG(rental_rate) AS mean FROM film GROUP BY rating ORDER BY films DESC',
  'SELECT special_features FROM film WHERE film_id = 7',
  // The source passes over blanks at the end of a text.
  "SELECT actor_id FROM actor WHERE first_name = 'PENELOPE  '",
  // Which of them, the query leaves open: the source reads an index of their names.
  'SELECT last_name FROM actor LIMIT 5',
  'SELECT RAND() AS any_number FROM actor',
  'SELECT payment_id, amount FROM payment',
];
const WRITES = [
  "UPDATE actor SET last_name = 'OTHER' WHERE actor_id = 1",
  "INSERT INTO category (name, last_update) VALUES ('Replayed', '2020-01-01 00:00:00')",
  // Its triggers change a table that no transaction holds.
  "UPDATE film SET title = 'ANOTHER' WHERE film_id = 1",
];

/** A migration with 250 queries, on a machine that others use as well. */
const HOOK_MS = 240_000;

/** For each film all of its copies: without an index on them all copies of all films. */
const CORRELATED =
  'SELECT SUM((SELECT COUNT(*) FROM inventory i WHERE i.film_id = f.film_id AND i.store_id < f.film_id + 9)) AS n FROM film f';

const DROP_INDEXES = `DO $$ DECLARE i regclass; BEGIN
  FOR i IN SELECT indexrelid FROM pg_index WHERE indrelid = 'inventory'::regclass AND NOT indisprimary LOOP
    EXECUTE format('DROP INDEX %s', i);
  END LOOP;
END $$`;

/** An application at work, as the example records it. */
async function record(source: string, log: string): Promise<string> {
  const program = fileURLToPath(new URL('../../examples/workloads/record-sakila.ts', import.meta.url));
  await promisify(execFile)(process.execPath, ['--no-warnings', program, source, log]);
  return log;
}

/** The number that the next category gets. */
async function categoryCounter(server: PrivateMariadb): Promise<number> {
  const connection = await server.connect('sakila');
  const [rows] = await connection.query('SHOW CREATE TABLE category');
  await connection.end();
  return Number(/AUTO_INCREMENT=(\d+)/.exec(JSON.stringify(rows))?.[1]);
}

interface Report {
  readonly counts: Readonly<Record<string, number>>;
  readonly queries: readonly QueryVerdict[];
}

async function reportOf({ json }: Ran, ...options: string[]): Promise<Report> {
  const { exit, stdout, stderr } = await caravan(['queries', 'report', json.migrationId, '--json', ...options]);
  expect(exit, stderr).toBe(0);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Report;
}

interface Certified {
  readonly certificate: {
    readonly proven: readonly { readonly what: string }[];
    readonly notProven: readonly string[];
  };
}

function certified({ json }: Ran): Certified['certificate'] {
  return (JSON.parse(readFileSync(json.certificate ?? '', 'utf8')) as Certified).certificate;
}

describe('Recorded queries of Sakila', () => {
  const folder = testFolder();
  const servers: PrivateMariadb[] = [];
  let target: TestDatabase;
  let source = '';
  let queries = '';
  let moved: Ran;
  let report: Report;
  let again: Ran;
  let statistics: Ran;
  let refused: Ran;
  let kept: Record<string, unknown>[] | undefined;

  beforeAll(async () => {
    if (!hasMariadb || sakilaFolder === undefined) return;
    const scripts = ['schema', 'data'].map((part) => join(sakilaFolder ?? '', `sakila-${part}.sql`));
    servers.push(...(await Promise.all([startPrivateMariadb({ 'performance-schema': 'ON' }), startPrivateMariadb()])));
    await Promise.all(
      servers.map(async (server) => {
        for (const script of scripts) await server.script(`\nSOURCE ${script}`);
      }),
    );
    const [first, replica] = servers.map((server) => urlOf(server.endpoint('sakila')));
    source = first ?? '';
    target = await freshDatabase();
    const log = await record(source, join(folder.path, 'general.log'));
    queries = folder.write('queries.sql', `${[...READS, ...WRITES].join(';\n')};\n`);
    const ends = ['--source', source, '--target', target.url, '--json', '--queries', queries];
    refused = await caravan(['migrate', ...ends, '--yes', '--replay-source', source]);
    moved = await caravan(['migrate', ...ends, '--queries', log, '--yes', '--replay-source', replica ?? '']);
    report = await reportOf(moved);
  }, HOOK_MS);
  beforeAll(async () => {
    if (!hasMariadb || sakilaFolder === undefined) return;
    await target.query("UPDATE actor SET last_name = 'WRONG' WHERE actor_id = 3");
    await target.query(DROP_INDEXES);
    const slow = folder.write('slow.sql', `${CORRELATED};\n`);
    const some = ['actor', 'film', 'inventory'].flatMap((table) => ['--include', table]);
    const verify = ['verify', '--source', source, '--target', target.url, '--json'];
    [again, statistics] = await Promise.all([
      caravan([...verify, '--queries', queries, '--queries', slow, ...some]),
      caravan([...verify, '--queries', 'server', '--include', 'customer']),
    ]);
  }, HOOK_MS);
  beforeEach(({ skip }) => {
    skip(!hasMariadb || sakilaFolder === undefined, 'there is no MariaDB, or no Sakila');
  });
  afterAll(async () => {
    await target.drop();
    await Promise.all(servers.map((server) => server.stop()));
    folder.remove();
  });

  function verdictOn(beginning: string, of = report): QueryVerdict {
    return of.queries.find(({ sql }) => sql.startsWith(beginning)) ?? expect.unreachable(`nothing on ${beginning}`);
  }

  it('are not tried on the source itself, under whatever address', () => {
    expect(refused.exit, refused.stderr).toBe(2);
    expect(refused.json.error).toMatchObject({ code: 'INPUT_INVALID' });
    expect(refused.json.error?.message).toContain('on the server of the source itself');
  });

  it('are replayed before anything is promoted, and what differs had to be accepted, cause by cause', () => {
    expect(moved.exit, moved.stderr).toBe(3);
    const differing = { code: 'query_differs', kind: 'behavioural', disposition: 'accepted' };
    expect(moved.json.findings.filter(({ code }) => code === 'query_differs')).toEqual([
      { ...differing, object: 'queries (dialect: case_insensitive)', count: 1 },
    ]);
  });

  it('of an application at work give the same, at least 95 of 100, and of the others it is known why', () => {
    const { equal = 0, different = 0 } = report.counts;
    expect(equal + different).toBeGreaterThan(190);
    expect(equal / (equal + different)).toBeGreaterThan(0.95);
    const said = certified(moved).proven.map(({ what }) => what);
    const share = Math.floor((1000 * equal) / (equal + different)) / 10;
    expect(said.join('\n')).toContain(`${String(equal)} of ${String(equal + different)} (${String(share)} %)`);
    for (const { verdict, reason, explanation } of report.queries) {
      if (verdict === 'different') expect(explanation?.text).toBeTruthy();
      if (verdict === 'not_replayed') expect(reason).toBeTruthy();
    }
    // Joins, reports, bodies of functions, prepared statements; an insert whose numbers and moment a server gives.
    expect(verdictOn('SELECT IFNULL(SUM(IF((TO_DAYS').verdict).toBe('equal');
    expect(verdictOn('WITH RECURSIVE months').verdict).toBe('equal');
    expect(verdictOn('SELECT c.first_name, c.last_name, a.address').verdict).toBe('equal');
    expect(verdictOn('INSERT INTO actor SET')).toMatchObject({ verdict: 'equal', tolerated: ['clock'] });
  });

  it('are shown with their translation, and how many rows and milliseconds both sides took', () => {
    const verdict = verdictOn('SELECT rating, COUNT(*) AS films, AVG');
    expect(verdict).toMatchObject({ verdict: 'equal', sourceRows: 5, targetRows: 5 });
    expect(verdict.translated).toContain('"film"');
    expect(verdict.timing?.sourceMs).toBeGreaterThan(0);
    expect(verdictOn('SELECT special_features').verdict).toBe('equal');
    expect(verdictOn('SELECT payment_id')).toMatchObject({ verdict: 'equal', sourceRows: 16_049 });
  });

  it('that differ are explained by experiment', () => {
    expect(verdictOn('SELECT actor_id FROM actor WHERE')).toMatchObject({
      verdict: 'different',
      explanation: { class: 'dialect', rule: 'case_insensitive', shown: true },
      sourceRows: 4,
      targetRows: 0,
    });
    expect(verdictOn('SELECT last_name FROM actor LIMIT')).toMatchObject({
      verdict: 'different',
      explanation: { class: 'limit_without_order', shown: true },
    });
  });

  it('that have no one result are not replayed, with the reason', () => {
    expect(verdictOn('SELECT RAND')).toMatchObject({ verdict: 'not_replayed', reason: 'not_deterministic' });
    expect(report.counts).toMatchObject({ 'not_replayed:not_deterministic': 2 });
  });

  it('that write are tried on a replica and in the shadow, and leave nothing behind', async () => {
    expect(verdictOn("UPDATE actor SET last_name = 'OTHER'")).toMatchObject({
      verdict: 'equal',
      sourceRows: 1,
      targetRows: 1,
    });
    expect(verdictOn("INSERT INTO category (name, last_update) VALUES ('Replayed'")).toMatchObject({
      verdict: 'equal',
      sourceRows: 1,
      targetRows: 1,
    });
    expect(verdictOn("UPDATE film SET title = 'ANOTHER'")).toMatchObject({
      verdict: 'not_replayed',
      reason: 'replica_not_transactional',
    });
    // Triggers that came along fire in the shadow as well: they put the moment into rentals and payments.
    expect(report.counts).toMatchObject({ 'equal:write': 17 });
    expect(report.counts).not.toHaveProperty('different:write');
    // Once: a second try would count on from here.
    kept ??= await target.query(
      `SELECT (SELECT count(*)::int FROM category) AS categories, nextval(pg_get_serial_sequence('category', 'category_id'))::int AS next`,
    );
    const [counter, replica] = await Promise.all(servers.map(categoryCounter));
    expect(kept).toEqual([{ categories: 16, next: counter }]);
    // The recorded inserts moved the source's own counter, and nothing was recorded on the replica.
    expect(replica).toBe(17);
  });

  it('stand in the certificate by their counts', () => {
    const { notProven } = certified(moved);
    expect(notProven).toContain('1 recorded queries give something else in the target (dialect: case_insensitive).');
    expect(notProven.join('\n')).not.toContain('were not replayed against the target');
  });

  it('of a target that another tool changed show that it is the data', async () => {
    expect(again.exit, again.stderr).toBe(3);
    const judged = await reportOf(again, '--different');
    expect(verdictOn('SELECT actor_id, first_name', judged)).toMatchObject({
      explanation: { class: 'data', rule: 'unequal_table' },
      examples: [{ row: 3, column: 'last_name', source: 'CHASE', target: 'WRONG' }],
    });
    const whole = await reportOf(again);
    expect(verdictOn('UPDATE actor SET last_name', whole)).toMatchObject({
      verdict: 'not_replayed',
      reason: 'no_replica',
    });
  });

  it('that take more than three times as long are a finding, with the plans of both sides', async () => {
    const { id, slower, verdict } = verdictOn(CORRELATED, await reportOf(again, '--different'));
    expect(verdict).toBe('equal');
    expect(again.json.findings).toContainEqual(
      expect.objectContaining({
        code: 'query_slower',
        kind: 'behavioural',
        object: `query ${id}`,
        disposition: 'listed',
      }),
    );
    expect(slower?.factor).toBeGreaterThan(3);
    expect(slower?.sourcePlan).toContain('idx_fk_film_id');
    expect(slower?.targetPlan).toContain('Seq Scan on inventory');
    const { stdout } = await caravan(['queries', 'report', again.json.migrationId, '--different']);
    expect(stdout).toMatch(/source plan .*\n(?:.*\n)+? {2}target plan .*\n/);
  });

  it('are also what the server counts by itself, with values that are sampled where it keeps none', async () => {
    expect(statistics.exit, statistics.stderr).not.toBe(2);
    const { counts, queries } = await reportOf(statistics);
    const asked = queries.find(({ sql }) => sql.startsWith('SELECT `customer_id` FROM `customer` WHERE `last_name` ='));
    expect(asked).toMatchObject({ verdict: 'equal', synthetic: true });
    expect(asked?.run).not.toContain('?');
    expect(queries.filter(({ count }) => count >= 5)).not.toEqual([]);
    expect(counts['equal:synthetic']).toBeGreaterThan(5);
    expect(
      certified(statistics)
        .proven.map(({ what }) => what)
        .join('\n'),
    ).toMatch(/the values of \d+ of them were sampled/);
  });

  it('that no server counts are not waited for: it is said how to have them counted', async () => {
    const opened = await openMysqlSource((servers[1] ?? expect.unreachable()).endpoint('sakila'));
    const asked = opened.queryStatistics?.();
    await expect(asked).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      seen: expect.stringContaining('is off') as string,
    });
    await opened.close();
  });
});
