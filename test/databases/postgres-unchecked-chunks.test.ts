import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  beginChunk,
  build,
  CHECKED,
  mapping,
  simpleTable,
  sourceName,
  Targets,
  wantValidator,
} from './postgres-fixtures.js';
import { startTestServer } from './postgres-server.js';
import type { TestServer } from './postgres-server.js';
import { value } from './postgres-strangers.js';

const targets = new Targets();
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer('embedded');
}, 60_000);
afterAll(async () => {
  await targets.closeAll();
  await server.stop();
});

it('promotion refuses while a chunk is unchecked, or was checked by another validator than the one that is wanted', async () => {
  const endpoint = await server.database();
  const target = await targets.open(endpoint);
  const [users, posts] = [simpleTable('users'), simpleTable('posts')];
  const plan = mapping([users, posts]);
  await build(target, plan, { users: '1\ta\n', posts: '1\tb\n' });
  const promoting = (): Promise<unknown> => target.promote(plan, { onExisting: 'fail' });
  const refusal = { code: 'CHUNKS_UNCHECKED', facts: { table: sourceName(users) } };
  const [chunk] = await target.ledger.list(sourceName(users));
  if (chunk === undefined) throw new Error('there is no chunk');
  expect(chunk.validator).toBe(CHECKED);

  await wantValidator(target, users, 'newer');
  await expect(promoting()).rejects.toMatchObject(refusal);
  expect(await value(endpoint, `SELECT to_regclass('public.users')`)).toBeNull();

  const writer = await beginChunk(target, users, 0, true);
  await writer.commit({ rows: 0, bytes: 0, quarantined: 0, changed: 0 });
  expect(await target.validators.unchecked()).toEqual([{ table: sourceName(users), chunks: 1 }]);
  await expect(promoting()).rejects.toMatchObject(refusal);

  // What was seen of the attempt before says nothing of this one.
  expect(await target.validators.markChecked(chunk, 'newer')).toBe(false);
  expect(await target.validators.markChecked({ ...chunk, epoch: chunk.epoch + 1 }, 'newer')).toBe(true);
  expect(await target.validators.unchecked()).toEqual([]);
  await promoting();
  expect(await value(endpoint, `SELECT to_regclass('public.users')`)).toBe('public.users');
});
