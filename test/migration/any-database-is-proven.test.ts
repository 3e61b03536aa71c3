import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, corpus, freshDatabase } from './harness.js';
import { objectsIn } from './fixtures.js';

const chinook = corpus('chinook/chinook.sqlite');

describe.skipIf(chinook === undefined)('Chinook, moved by Caravan and verified', () => {
  const source = `sqlite:${chinook ?? ''}`;
  let target: TestDatabase;
  let ran: Ran;

  beforeAll(async () => {
    target = await freshDatabase();
    const moved = await caravan(['migrate', '--source', source, '--target', target.url, '--yes', '--json']);
    expect(moved.exit, moved.stderr).toBe(0);
    ran = await caravan(['verify', '--source', source, '--target', target.url, '--json']);
  });
  afterAll(() => target.drop());

  it('is proven with exit 0 and no finding', () => {
    expect(ran.exit, ran.stderr + ran.stdout).toBe(0);
    expect(ran.json).toMatchObject({ status: 'proven', findings: [], notMigrated: [] });
    expect(ran.json.tables).toHaveLength(11);
    for (const table of ran.json.tables) expect(table.sourceHash).toBe(table.targetHash);
  });

  it('has a certificate that is valid, and that says what was compared', async () => {
    const { exit, stdout } = await caravan(['certificate', 'verify', ran.json.certificate ?? '']);
    expect(exit, stdout).toBe(0);
    expect(stdout).toContain('moved by another tool');
  });

  it('left nothing in the target', async () => {
    expect(await objectsIn(target)).toHaveLength(11);
  });
});
