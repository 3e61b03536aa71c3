import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSecretBox } from '../../platform/secrets/secret-box.js';
import { stageName } from '../../platform/store/archive-store.js';
import { openStore } from '../../platform/store/open-store.js';
import type { Store } from '../../platform/store/store.js';
import type { TestDatabase } from '../migration/harness.js';
import { freshDatabase } from '../migration/harness.js';
import { scratchFolder } from './platform-harness.js';
import type { Scratch } from './platform-harness.js';
import { entries } from './store-fixtures.js';

describe('the archive of what could not be stored as it was', () => {
  let scratch: Scratch;
  let database: TestDatabase;
  let store: Store;

  beforeAll(async () => {
    scratch = scratchFolder();
    database = await freshDatabase();
    const secretBox = openSecretBox({ keyFile: join(scratch.folder, 'secret.key') });
    store = await openStore({ databaseUrl: database.url, secretBox });
  });
  afterAll(async () => {
    await store.close();
    await database.drop();
    scratch.remove();
  });

  it('is read in pages of bounded bytes, each entry once, and by what it is about', async () => {
    const run = { migrationId: 'paged', hash: 'aa' };
    const large = entries(40).map((entry) => ({ ...entry, bytes: Buffer.alloc(1024 * 1024) }));
    await store.archive.put(run, 'quarantine', large);
    const ids: number[] = [];
    for (let after = -1; ;) {
      const page = await store.archive.page(run, 'quarantine', { after, limit: 500, bytes: true });
      expect(page.length).toBeLessThanOrEqual(8);
      const last = page.at(-1);
      if (last === undefined) break;
      ids.push(...page.map(({ id }) => id));
      after = last.id;
    }
    expect(ids).toEqual(large.map(({ id }) => id));
    const filter = { table: 't', column: 'c' };
    const some = await store.archive.page(run, 'quarantine', { after: 0, limit: 2, filter, bytes: false });
    expect(some.map(({ id, bytes, sealedAt }) => [id, bytes.length, sealedAt])).toEqual([
      [1, 0, '2024-05-06T07:08:09.010Z'],
      [3, 0, '2024-05-06T07:08:09.010Z'],
    ]);
    expect(await store.archive.counts(run, 'quarantine', filter)).toEqual([
      { table: 's.t', column: 'c', reason: 'why "not"', count: 20 },
    ]);
    const old = { migrationId: 'paged', hash: stageName(1000, 'ab') };
    const fresh = { migrationId: 'paged', hash: stageName(5000, 'ab') };
    for (const stage of [old, fresh]) await store.archive.put(stage, 'quarantine', entries(3));
    await store.archive.dropStages('paged', 2000);
    const left = [run, old, fresh].map((kept) => store.archive.counts(kept, 'quarantine'));
    expect((await Promise.all(left)).map((counts) => counts.reduce((sum, { count }) => sum + count, 0))).toEqual([
      40, 0, 3,
    ]);
  });
});
