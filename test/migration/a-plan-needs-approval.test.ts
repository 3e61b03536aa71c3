import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StackView, TestFolder } from './fixtures.js';
import { objectsIn, startMigrate, testFolder, uniqueId, viewStack } from './fixtures.js';
import type { TestDatabase } from './harness.js';
import { caravan, freshDatabase, startCaravan, until } from './harness.js';

const TWO_TABLES = `
  CREATE TABLE team (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
  CREATE TABLE player (id INTEGER PRIMARY KEY, team_id INTEGER REFERENCES team, name TEXT);
  INSERT INTO team VALUES (1, 'red'), (2, 'blue');
  INSERT INTO player VALUES (1, 1, 'ann'), (2, 2, 'bob'), (3, NULL, 'cas');`;

describe('A plan needs approval', () => {
  let view: StackView;
  let folder: TestFolder;
  let source: string;
  const databases: TestDatabase[] = [];
  const target = async (): Promise<TestDatabase> => {
    const database = await freshDatabase();
    databases.push(database);
    return database;
  };

  beforeAll(async () => {
    view = await viewStack();
    folder = testFolder();
    source = folder.sqlite('teams', TWO_TABLES);
  });
  afterAll(async () => {
    folder.remove();
    for (const database of databases) await database.drop();
    await view.close();
  });

  it('waits without --yes, shows the command here and in the Web UI, and goes on when "caravan approve" says so', async () => {
    const database = await target();
    const running = startMigrate({ source, target: database.url });
    const migration = view.migration(running.id);
    await migration.waits();
    await until('the command prints how to approve', () => running.stderr().includes(`caravan approve ${running.id}`));
    const shown = view.client.workflow.getHandle(running.id).query('__temporal_workflow_metadata');
    expect(((await shown) as { currentDetails: string }).currentDetails).toContain(`caravan approve ${running.id}\n`);
    expect(await objectsIn(database)).toEqual([]);
    const approved = await caravan(['approve', running.id, '--by', 'ann', '--reason', 'read it']);
    expect(approved.exit, approved.stderr).toBe(0);
    const ran = await running.ended;
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.json.status).toBe('proven');
    expect(await database.query('SELECT count(*) FROM player')).toEqual([{ count: '3' }]);
  });

  it('is attached to by a second command that names it; both see the same end', async () => {
    const database = await target();
    const first = startMigrate({ source, target: database.url });
    await view.migration(first.id).waits();
    const ends = ['--source', source, '--target', database.url, '--workflow-id', first.id];
    const second = startCaravan(['migrate', ...ends, '--yes', '--json']);
    await until('the second command is attached', () => second.stderr().includes(`attached to migration ${first.id}`));
    expect((await view.migration(first.id).progress()).status, '--yes came too late').toBe('waiting');
    const approved = await caravan(['approve', first.id]);
    expect(approved.exit, approved.stderr).toBe(0);
    const [one, other] = await Promise.all([first.ended, second.ended]);
    expect([one.exit, other.exit]).toEqual([0, 0]);
    expect(other.json).toEqual(one.json);
  });

  it('ends with 4 when it is rejected, and nothing was touched', async () => {
    const database = await target();
    const running = startMigrate({ source, target: database.url });
    await view.migration(running.id).waits();
    const wrong = await caravan(['reject', running.id]);
    expect(wrong.exit, 'a rejection needs its reason').toBe(2);
    const rejected = await caravan(['reject', running.id, '--by', 'bob', '--reason', 'not today']);
    expect(rejected.exit, rejected.stderr).toBe(0);
    const ran = await running.ended;
    expect(ran.exit).toBe(4);
    expect(ran.json).toMatchObject({ status: 'rejected', certificate: null, error: { code: 'PLAN_REJECTED' } });
    expect(await objectsIn(database)).toEqual([]);
    const late = await caravan(['approve', running.id]);
    expect(late.exit).toBe(1);
    expect(late.stderr).toContain('NOT_NOW');
  });

  it('takes one of two decisions made at once, and tells the other who won', async () => {
    const database = await target();
    const running = startMigrate({ source, target: database.url });
    const { handle, plan, waits } = view.migration(running.id);
    await waits();
    const planHash = (await plan())?.planHash ?? '';
    const wrong = await refusal(
      handle.executeUpdate('approvePlan', { args: [{ planHash: '0'.repeat(64), by: 'eve' }] }),
    );
    expect(wrong).toMatchObject({ type: 'NOT_NOW' });
    expect(wrong.message).toContain(planHash);
    const nobody = await refusal(handle.executeUpdate('approvePlan', { args: [{ planHash, by: ' ' }] }));
    expect(nobody.type).toBe('INPUT_INVALID');
    const people = ['ann', 'bob', 'cas', 'dan'];
    const said = await Promise.allSettled(
      people.map((by) => handle.executeUpdate('approvePlan', { args: [{ planHash, by }] })),
    );
    const winners = people.filter((_, at) => said[at]?.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    for (const result of said) {
      if (result.status === 'fulfilled') continue;
      const told = failureOf(result.reason);
      expect(told.type).toBe('ALREADY_DECIDED');
      expect(told.message).toContain(`approved by ${winners[0] ?? ''}`);
    }
    const ran = await running.ended;
    expect(ran.exit, ran.stderr).toBe(0);
  });

  it('ends with 4 when the deadline passes, and a dry run ends with 0; neither touches the target', async () => {
    const [one, other] = await Promise.all([target(), target()]);
    const late = startMigrate({ source, target: one.url }, '--deadline', '3s');
    const dry = startMigrate({ source, target: other.url }, '--dry-run');
    const [ran, dried] = await Promise.all([late.ended, dry.ended]);
    expect(ran.exit).toBe(4);
    expect(ran.json).toMatchObject({ status: 'rejected', error: { code: 'DEADLINE_PASSED' } });
    expect(dried.exit, dried.stderr).toBe(0);
    expect(dried.json).toMatchObject({ status: 'planned', certificate: null });
    expect(dried.json.error).toBeUndefined();
    expect(dried.stdout.trim().split('\n')).toHaveLength(1);
    expect(await objectsIn(one)).toEqual([]);
    expect(await objectsIn(other)).toEqual([]);
  });

  it('is written to a file by "caravan plan", without any target', async () => {
    const out = join(folder.path, 'plan.yaml');
    const ran = await caravan(['plan', '--source', source, '--out', out, '--json', '--workflow-id', uniqueId('plan')]);
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.json.status).toBe('planned');
    expect(readFileSync(out, 'utf8')).toContain('caravan_plan: 1');
  });
});

function failureOf(error: unknown): ApplicationFailure {
  const cause = error instanceof WorkflowUpdateFailedError ? error.cause : error;
  if (cause instanceof ApplicationFailure) return cause;
  throw error;
}

async function refusal(update: Promise<unknown>): Promise<ApplicationFailure> {
  return update.then(
    () => expect.unreachable('the update was accepted'),
    (error: unknown) => failureOf(error),
  );
}
