import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { translateWorkload } from '../../activities/maba/queries/workload/translate-workload.js';
import type { Workload, WorkloadQuery } from '../../contracts/workload.js';
import { hasMariadb, sakilaFolder } from '../databases/mariadb.js';
import { comparableRows } from './result-rows.js';
import { startSakilaWorld } from './sakila-world.js';
import type { SakilaWorld } from './sakila-world.js';
import { queryWith } from './workload-fixtures.js';

let world: SakilaWorld;
let workload: Workload;
let driver: Connection;

describe.skipIf(!hasMariadb || sakilaFolder === undefined)('a general log of MariaDB with 220 statements', () => {
  beforeAll(async () => {
    world = await startSakilaWorld();
    workload = translateWorkload(world.workload, world);
    driver = await world.source.connect('sakila');
    await driver.query("SET time_zone = '+00:00'");
  }, 120_000);
  afterAll(async () => {
    await driver.end();
    await world.stop();
  });

  const of = (kind: WorkloadQuery['class']): WorkloadQuery[] =>
    workload.queries.filter((query) => query.class === kind);

  it('is read whole: every statement is a read, a write, or skipped for a reason', () => {
    const { counts } = world.workload;
    expect(counts).toMatchObject({ statements: 222, write: 20, broken: 0, brokenAt: [] });
    expect(counts.skipped).toMatchObject({ call: 1, ddl: 2, user_variable: 2, lock: 2, not_deterministic: 1 });
    // What the function did that a query called stands in the log, too.
    expect(queryWith(workload, 'INTO v_rentals').reason).toBe('into_outfile');
    const all = Object.values(counts.skipped).reduce((sum, each) => sum + each, counts.read + counts.write);
    expect(all).toBe(counts.statements);
  });

  it('has the values of prepared statements, each text once, and no binary one', () => {
    expect(queryWith(workload, "film_id = 1 AND rating = 'PG'").count).toBe(2);
    expect(queryWith(workload, "film_id = 2 AND rating = 'G'").count).toBe(1);
    expect(queryWith(workload, "O\\'BRIEN").translated).toContain(`'O''BRIEN\n\\x'`);
    expect(queryWith(workload, 'WHERE picture = ').reason).toBe('binary_parameter');
  });

  it('keeps the writes of a transaction together', () => {
    const transactions = Map.groupBy(of('write'), ({ transaction }) => transaction);
    expect([...transactions].map(([, writes]) => writes.length).toSorted()).toEqual([3, 3, 4, 4, 6]);
    expect(
      of('write')
        .filter(({ transaction }) => transaction === 1)
        .map(({ sql }) => sql.slice(0, 19)),
    ).toEqual(['INSERT INTO rental ', 'INSERT INTO payment', 'UPDATE rental SET r']);
  });

  it('has a translation of at least 95 of 100 reads and of every write, and a reason for the others', () => {
    const reads = world.workload.queries.filter((query) => query.class === 'read');
    expect(of('read').length / reads.length).toBeGreaterThan(0.95);
    expect(of('write')).toHaveLength(20);
    const untranslated = workload.queries.filter(({ id }) =>
      reads.some((read) => read.id === id && read.class === 'read'),
    );
    const reasons = untranslated
      .filter((query) => query.class === 'skipped')
      .map(({ reason, detail }) => [reason, detail]);
    expect(reasons.every(([reason, detail]) => reason !== undefined && detail !== undefined)).toBe(true);
    expect(reasons).toContainEqual(['not_migrated', 'the function "inventory_in_stock" has no known counterpart']);
    expect(reasons).toContainEqual([
      'not_translated',
      '"customer_id" is not fixed by GROUP BY: any value of the group may come',
    ]);
  });

  it('gives on the target what it gives on the source, read by read', async () => {
    const different: string[] = [];
    for (const query of of('read')) {
      const [rows] = await driver.query<RowDataPacket[][]>({ sql: query.run, rowsAsArray: true, dateStrings: true });
      const target = await world.session.query({
        ...{ text: query.translated ?? '', rowMode: 'array', types: { getTypeParser: () => (text: unknown) => text } },
      });
      const [one, other] = [comparableRows(rows, query), comparableRows(target.rows as unknown[][], query)];
      // Any rows may come where a limit cuts a list in no fixed order.
      const isSame =
        query.limited && query.orderBy.fixed !== 'total' ? one.length === other.length : one.join() === other.join();
      if (!isSame) different.push(`${query.sql}\n${query.translated ?? ''}\n${one[0] ?? ''}\n${other[0] ?? ''}`);
    }
    expect(different).toEqual([]);
  }, 60_000);

  it('writes as many rows there as here', async () => {
    for (const [, writes] of Map.groupBy(of('write'), ({ transaction, id }) => transaction ?? id)) {
      await Promise.all([driver.query('BEGIN'), world.session.query('BEGIN')]);
      for (const { run, translated } of writes) {
        const [result] = await driver.query(run);
        const { rowCount } = await world.session.query(translated ?? '');
        const { affectedRows, info } = result as unknown as { affectedRows: number; info: string };
        // MySQL counts a row that gives way twice, and of an UPDATE says apart how many it found.
        const matched = /Rows matched: (\d+)/u.exec(info)?.[1] ?? String(affectedRows);
        const isTwice = /^REPLACE|DUPLICATE KEY/u.test(run) && affectedRows === 2;
        expect([translated, rowCount]).toEqual([translated, isTwice ? 1 : Number(matched)]);
      }
      await Promise.all([driver.query('ROLLBACK'), world.session.query('ROLLBACK')]);
    }
  });
});
