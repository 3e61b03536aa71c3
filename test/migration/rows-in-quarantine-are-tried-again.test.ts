import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaughtUp } from '../../contracts/activities.js';
import type { Finding, Question } from '../../contracts/migration.js';
import type { VerificationResult } from '../../contracts/phases.js';
import type { MigrationView, StackView, TestFolder } from './fixtures.js';
import { startMigrate, testFolder, viewStack } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, freshDatabase, until } from './harness.js';

const ROWS = 300;
const CHUNK_ROWS = 100;
/** Rows of the second chunk whose text PostgreSQL does not take. */
const BAD = 7;
const FINDING = 'rows_quarantined:main.odd.word:nul_character';

describe('rows in quarantine for whose values a person gives a fix', () => {
  let view: StackView;
  let folder: TestFolder;
  let target: TestDatabase;
  let ran: Ran;
  let asked: readonly Question[];
  let again: Finding[];
  let caughtUp: CaughtUp | undefined;
  let hashes: unknown[];

  beforeAll(async () => {
    view = await viewStack();
    folder = testFolder();
    target = await freshDatabase();
    const source = folder.sqlite(
      'odd',
      `CREATE TABLE odd (id INTEGER PRIMARY KEY, word TEXT NOT NULL);
       WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${String(ROWS)})
       INSERT INTO odd SELECT i, CASE WHEN i BETWEEN 151 AND ${String(150 + BAD)} THEN 'cut' || char(0) ELSE 'whole' END FROM n`,
    );
    const drafted = join(folder.path, 'plan.yaml');
    await caravan(['plan', '--source', source, '--target', target.url, '--out', drafted]);
    const text = readFileSync(drafted, 'utf8')
      .replaceAll(/onInvalid: "?null"?/g, 'onInvalid: quarantine')
      .replaceAll(/chunkRows: \d+/g, `chunkRows: ${String(CHUNK_ROWS)}`);
    const running = startMigrate({ source, target: target.url }, '--plan', folder.write('edited.yaml', text));
    const migration = view.migration(running.id);
    const said = async (...args: string[]): Promise<void> => {
      const [command = '', ...more] = args;
      const { exit, stderr } = await caravan([command, running.id, ...more, '--by', 'ann']);
      expect(exit, stderr).toBe(0);
    };
    await migration.waits('planning');
    const before = await migration.plan();
    await said('approve');
    await found(migration, FINDING);
    await until('the fix is asked for', async () => (await migration.questions()).length > 0);
    asked = await migration.questions();
    await said('answer', `fix:${FINDING}`, 'remove');
    again = await found(migration, 'values_changed:main.odd.word:rewritten:nul_character');
    hashes = [before?.planHash, (await migration.plan())?.planHash];
    await said('accept', 'values_changed:main.odd.word:rewritten:nul_character', '--reason', 'as wanted');
    ran = await running.ended;
    const proof = (await view.client.workflow.getHandle(`${running.id}/verification/2`).result()) as VerificationResult;
    caughtUp = proof.caughtUp;
  }, 180_000);
  afterAll(async () => {
    folder.remove();
    await target.drop();
    await view.close();
  });

  it('are asked about by column and cause, with what can be done, and may stay where they are', () => {
    expect(asked).toMatchObject([
      { id: `fix:${FINDING}`, options: expect.arrayContaining(['remove', 'keep']) as string[], default: 'keep' },
    ]);
    expect(asked[0]?.text).toContain(`${String(BAD)} row(s) in quarantine`);
  });

  it('are copied again with it, their chunk alone, checked and proven', () => {
    expect(caughtUp).toMatchObject({ chunks: ROWS / CHUNK_ROWS, differing: 1 });
    expect(again).toMatchObject([{ code: 'values_changed', count: BAD, disposition: 'open' }]);
    expect(new Set(hashes).size).toBe(2);
  });

  it('are in the target, and what was changed of them is ledgered', async () => {
    expect(ran.exit, ran.stderr).toBe(3);
    expect(ran.json.tables).toMatchObject([
      { sourceRows: ROWS, targetRows: ROWS, quarantinedRows: 0, changedValues: BAD },
    ]);
    expect(await target.query(`SELECT count(*)::int AS n FROM public.odd WHERE word = 'cut'`)).toEqual([{ n: BAD }]);
  });
});

/** The open findings, once this one is among them. */
async function found(migration: MigrationView, id: string): Promise<Finding[]> {
  const open = async (): Promise<Finding[]> =>
    (await migration.findings()).filter(({ disposition }) => disposition === 'open');
  await until(`${id} is open`, async () => (await open()).some((finding) => finding.id === id), 60_000);
  return open();
}
