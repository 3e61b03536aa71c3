import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { QUERIES } from '../../contracts/messages.js';
import type { Progress } from '../../contracts/migration.js';
import { packageFolder } from '../../platform/local-stack/package-folder.js';
import {
  activitiesOf,
  bigSqlite,
  faultStack,
  planWithChunks,
  scratch,
  shadowOf,
  startFaulty,
} from './faults-harness.js';
import type { ActivityEvent, Faulty, FaultStack } from './faults-harness.js';
import { untilProgress } from './faults-holds.js';
import type { Ran } from './harness.js';

const ROWS = 40_000;
const CHUNK_ROWS = 4000;
const CHUNKS = ROWS / CHUNK_ROWS;
/** Of 60 rows, those with a character that PostgreSQL does not take. */
const QUARANTINED = 20;

/** The role `verify`, which once it was killed does not come back before AWAY is gone. */
const ENTRY = `
import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
const { AWAY: away } = process.env;
while (existsSync(away)) await pause(50);
await import('DIST/workers/verify.js');
`;

describe('KORA’s only worker killed while it writes the validators, and away while everything is copied', () => {
  const folder = scratch();
  const away = folder.path('away');
  const marker = folder.path('kora.compile');
  let stack: FaultStack;
  let faulty: Faulty;
  let ran: Ran;
  let shadow = '';
  let copied: Progress;
  let ledger: Record<string, unknown>[];
  let promoted: Record<string, unknown>[];
  let proof: ActivityEvent[];

  beforeAll(async () => {
    const entry = folder.path('verify.mjs');
    writeFileSync(entry, ENTRY.replace('DIST', join(packageFolder(), 'dist')));
    const environment = { AWAY: away, CARAVAN_FAILPOINT: `kora.compile:1:${marker}` };
    stack = await faultStack([{ role: 'control' }, { role: 'copy' }, { role: 'verify', entry, environment }]);
    const source = withOddWords(bigSqlite(folder.path('big.sqlite'), ROWS), folder.path('big.sqlite'));
    const plan = await planWithChunks(source, {
      chunkRows: CHUNK_ROWS,
      file: folder.path('plan.yaml'),
      home: stack.home,
    });
    quarantineOddWords(plan);
    writeFileSync(away, '');
    faulty = await startFaulty({ source, plan, stack });
    await untilProgress(stack.client, faulty, { phase: 'verification' });
    shadow = (await shadowOf(faulty.target)) ?? '';
    copied = await stack.client.workflow.getHandle(faulty.id).query<Progress>(QUERIES.progress);
    ledger = await faulty.target.query(
      `SELECT source_table AS name, count(*)::int AS chunks, count(validator)::int AS checked FROM ${shadow}_meta.chunk
        WHERE done GROUP BY 1 ORDER BY 1`,
    );
    promoted = await faulty.target.query(`SELECT * FROM ${shadow}_meta.promotion`);
    // What the copy put aside is lost behind its back: nobody has checked the chunk, so nobody may believe it.
    await faulty.target.query(
      `DELETE FROM ${shadow}_meta.quarantine; UPDATE ${shadow}_meta.chunk SET quarantined = 0 WHERE source_table = 'main.odd'`,
    );
    rmSync(away);
    ran = await faulty.running.ended;
    proof = await activitiesOf(stack.client, `${faulty.id}/verification`);
  });
  afterAll(async () => {
    await stack.dispose();
    folder.remove();
  });

  it('is copied without it, every chunk marked as unchecked, and not promoted', () => {
    expect(existsSync(marker)).toBe(true);
    expect(ledger).toEqual([
      { name: 'main.big', chunks: CHUNKS, checked: 0 },
      { name: 'main.odd', chunks: 1, checked: 0 },
    ]);
    expect(promoted).toEqual([]);
    expect(copied.uncheckedChunks).toBe(CHUNKS + 1);
  });

  it('is caught up with once KORA is back: what stands is marked, what does not is copied again', () => {
    const caught = proof.find(({ activity, type }) => activity === 'catchUp' && type === 'completed');
    expect(caught?.result).toMatchObject({ chunks: CHUNKS + 1, differing: 1 });
    // What differs is read only as far as that is seen.
    const { rows } = caught?.result as { rows: number };
    expect(rows).toBeGreaterThan(ROWS);
    expect(rows).toBeLessThanOrEqual(ROWS + 60);
  });

  it('is promoted then, with its bad rows in quarantine as always', async () => {
    expect(ran.exit, ran.stderr).toBe(3);
    expect(ran.json.findings.map(({ code, object, count }) => `${code} ${object} ${String(count)}`)).toEqual([
      `rows_quarantined main.odd.word ${String(QUARANTINED)}`,
    ]);
    expect(ran.json.tables).toMatchObject([
      { source: 'main.big', sourceRows: ROWS, targetRows: ROWS, quarantinedRows: 0 },
      { source: 'main.odd', sourceRows: 60, targetRows: 60 - QUARANTINED, quarantinedRows: QUARANTINED },
    ]);
    expect(await faulty.target.query('SELECT count(*)::int AS rows FROM public.odd')).toEqual([{ rows: 40 }]);
  });
});

/** A table in whose every third row PostgreSQL takes no text. */
function withOddWords(url: string, path: string): string {
  const database = new DatabaseSync(path);
  database.exec(`
    CREATE TABLE odd (id INTEGER PRIMARY KEY, word TEXT NOT NULL);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
    INSERT INTO odd SELECT i, CASE i % 3 WHEN 0 THEN 'cut' || char(0) ELSE 'whole' END FROM n`);
  database.close();
  return url;
}

function quarantineOddWords(plan: string): void {
  const text = readFileSync(plan, 'utf8');
  writeFileSync(plan, text.replaceAll(/onInvalid: "?null"?/g, 'onInvalid: quarantine'));
}
