import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDefinition } from '../../language/definition.js';
import { prepare } from '../../language/prepared.js';
import { openSecretBox } from '../../platform/secrets/secret-box.js';
import { openStore } from '../../platform/store/open-store.js';
import type { Store } from '../../platform/store/store.js';
import { freshDatabase } from '../migration/harness.js';
import type { TestDatabase } from '../migration/harness.js';

describe('turns of executions', () => {
  let database: TestDatabase;
  let folder: string;
  let store: Store;

  beforeAll(async () => {
    database = await freshDatabase();
    folder = mkdtempSync(join(tmpdir(), 'caravan-turns-'));
    store = await openStore({
      databaseUrl: database.url,
      secretBox: openSecretBox({ keyFile: join(folder, 'key') }),
    });
  });
  afterAll(async () => {
    await store.close();
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  const create = async (): Promise<string> => {
    const text = 'name: one\norchestration_pattern: swarm\nagents: {a: {type: x}}\ntasks:\n  - {id: t, agent: a}\n';
    const workflowId = await store.engine.definitions.create(prepare(parseDefinition(text).definition));
    const executionId = randomUUID();
    await store.engine.executions.create({ executionId, workflowId, input: {}, options: {} });
    return executionId;
  };

  it('goes by the queue; only those that asked in vain wait to be told', async () => {
    const { executions } = store.engine;
    const [first, second, third] = [await create(), await create(), await create()];
    expect(await executions.admit(first, 1)).toBe(true);
    expect(await executions.admit(second, 1)).toBe(false);
    // The third has not asked yet: it will by itself.
    expect(await executions.waiting(10)).toEqual([second]);
    await executions.close({ executionId: first, output: {}, events: [] });
    expect(await executions.admit(third, 1)).toBe(false);
    expect(await executions.waiting(10)).toEqual([second, third]);
    expect(await executions.admit(second, 1)).toBe(true);
    expect(await executions.waiting(10)).toEqual([third]);
  });
});
