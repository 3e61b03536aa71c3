import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openSecretBox } from '../../platform/secrets/secret-box.js';
import { openStore } from '../../platform/store/open-store.js';
import type { Store } from '../../platform/store/store.js';
import { freshDatabase } from '../migration/harness.js';
import type { TestDatabase } from '../migration/harness.js';
import { scratchFolder } from './platform-harness.js';
import type { Scratch } from './platform-harness.js';
import { QUERY, WORKLOAD } from './store-fixtures.js';

let scratch: Scratch;
let database: TestDatabase;
let store: Store;

beforeAll(async () => {
  scratch = scratchFolder();
  database = await freshDatabase();
  const secretBox = openSecretBox({ keyFile: join(scratch.folder, 'secret.key') });
  store = await openStore({ databaseUrl: database.url, secretBox, environment: {} });
}, 60_000);
afterAll(async () => {
  await store.close();
  await database.drop();
  scratch.remove();
});

it('recorded queries come back whole, are kept once, and only counts of them stand in plain text', async () => {
  const text = "SELECT * FROM accounts WHERE token = 'h€mlig\u0000'";
  const workload = { ...WORKLOAD, queries: [{ ...QUERY, sql: text, run: text }] };
  await store.workloads.put('recorded', workload);
  await store.workloads.put('recorded', { ...workload, queries: [] });
  expect(await store.workloads.get('recorded')).toEqual(workload);
  const rows = await database.query('SELECT w::text AS row FROM caravan_store.workloads w');
  expect(rows).toHaveLength(1);
  expect(rows[0]?.['row']).toMatch(/statements\W+1/u);
  for (const secret of [text, Buffer.from('accounts').toString('hex'), 'accounts'])
    expect(rows[0]?.['row']).not.toContain(secret);
  await store.workloads.remove('recorded');
  expect(await store.workloads.get('recorded')).toBeUndefined();
});
