import { statSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PAGE_QUERIES } from '../../activities/validator/checks/queries/pages.js';
import { faultStack } from './faults-harness.js';
import type { FaultStack } from './faults-harness.js';
import { testFolder } from './fixtures.js';
import type { Ran } from './harness.js';
import { caravan, freshDatabase } from './harness.js';

const PAGES = 4;
/** A file's time is that of the last tick; a worker takes longer to start. */
const CLOCK_MS = 100;

describe('the only verify worker killed after the second page of recorded queries', () => {
  const folder = testFolder();
  const marker = `${folder.path}/queries.page`;
  let stack: FaultStack;
  let ran: Ran;

  beforeAll(async () => {
    const environment = { CARAVAN_FAILPOINT: `queries.page:2:${marker}` };
    stack = await faultStack([{ role: 'control' }, { role: 'copy' }, { role: 'verify', environment }]);
    const source = folder.sqlite(
      'people',
      `CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, height REAL, data BLOB);
       WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
       INSERT INTO person SELECT i, 'Name ' || i, i / 3.0, x'00ff' FROM n`,
    );
    const queries = Array.from(
      { length: PAGES * PAGE_QUERIES },
      (_, at) =>
        `SELECT id AS c${String(at)}, name, height, data FROM person WHERE id >= ${String(at % 300)} ORDER BY id`,
    );
    const target = await freshDatabase(stack.databaseUrl);
    const file = folder.write('queries.sql', `${queries.join(';\n')};\n`);
    const ends = ['--source', source, '--target', target.url, '--queries', file];
    ran = await caravan(['migrate', ...ends, '--yes', '--json'], { home: stack.home });
  });
  afterAll(async () => {
    await stack.dispose();
    folder.remove();
  });

  it('goes on behind the last page that is stored, and judges every query', async () => {
    expect(ran.exit, ran.stderr).toBe(0);
    const report = await caravan(['queries', 'report', ran.json.migrationId], { home: stack.home });
    expect(report.stdout).toMatch(/^Queries {6}1,000 equal, 0 different, 0 not replayed, 0 slower/);
    const diedMs = statSync(marker).mtimeMs + CLOCK_MS;
    const before = (await judgedAt(stack.databaseUrl)).map((at) => at.getTime() <= diedMs);
    expect(before).toEqual([true, true, false, false]);
  });
});

async function judgedAt(url: string): Promise<Date[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ judged_at: Date }>(
      'SELECT judged_at FROM caravan_store.query_verdicts ORDER BY page',
    );
    return rows.map((row) => row.judged_at);
  } finally {
    await client.end();
  }
}
