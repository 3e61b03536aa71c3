import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StackView, TestFolder } from './fixtures.js';
import { startMigrate, testFolder, viewStack } from './fixtures.js';
import type { TestDatabase } from './harness.js';
import { caravan, freshDatabase, until } from './harness.js';

/** `seen` can be seconds since 1970, or a number: only a person knows. */
const AMBIGUOUS = `
  CREATE TABLE visit (id INTEGER PRIMARY KEY, seen DATETIME);
  INSERT INTO visit VALUES (1, 1700000000), (2, 1700003600), (3, NULL);`;
const QUESTION = 'type:main.visit.seen';

describe('What only a person can decide', () => {
  let view: StackView;
  let folder: TestFolder;
  let source: string;
  const targets: TestDatabase[] = [];

  beforeAll(async () => {
    view = await viewStack();
    folder = testFolder();
    source = folder.sqlite('visits', AMBIGUOUS);
    targets.push(await freshDatabase(), await freshDatabase());
  });
  afterAll(async () => {
    folder.remove();
    for (const target of targets) await target.drop();
    await view.close();
  });

  const typeOf = async (target: TestDatabase | undefined): Promise<unknown> =>
    (await target?.query("SELECT data_type FROM information_schema.columns WHERE column_name = 'seen'"))?.[0]?.[
      'data_type'
    ];

  it('is asked, with options, default and deadline, and "caravan answer" decides', async () => {
    const [target] = targets;
    const running = startMigrate({ source, target: target?.url ?? '' });
    const migration = view.migration(running.id);
    await migration.waits();
    const [question] = await migration.questions();
    expect(question).toMatchObject({ id: QUESTION, options: ['number', 'timestamp'], default: 'number' });
    expect(Date.parse(question?.deadline ?? '')).toBeGreaterThan(Date.now());
    await until('the command prints how to answer', () => running.stderr().includes(`caravan answer ${running.id}`));
    const wrong = await caravan(['answer', running.id, QUESTION, 'perhaps']);
    expect(wrong.exit).toBe(1);
    expect(wrong.stderr).toContain('number, timestamp');
    await migration.handle.executeUpdate('pause', { args: [{ by: 'ann' }] });
    const answered = await caravan(['answer', running.id, QUESTION, 'timestamp', '--by', 'ann']);
    expect(answered.exit, answered.stderr).toBe(0);
    await until('it is paused', async () => (await migration.progress()).status === 'paused');
    expect(await migration.plan(), 'a paused migration begins no phase').toBeNull();
    await migration.handle.executeUpdate('resume', { args: [{ by: 'ann' }] });
    await migration.waits('planning');
    const again = await caravan(['answer', running.id, QUESTION, 'number', '--by', 'bob']);
    expect(again.stderr).toMatch(/ALREADY_DECIDED.*ann/);
    expect((await migration.questions())[0]?.answer).toEqual({ option: 'timestamp', by: 'ann' });
    await caravan(['approve', running.id]);
    const ran = await running.ended;
    expect(ran.exit, ran.stderr).toBe(0);
    expect(await typeOf(target)).toBe('timestamp without time zone');
    const rows = await target?.query('SELECT id, seen::text FROM visit ORDER BY id');
    expect(rows?.map(({ seen }) => seen)).toEqual(['2023-11-14 22:13:20', '2023-11-14 23:13:20', null]);
  });

  it('gets its default at the deadline, when nobody answers', async () => {
    const [, target] = targets;
    const running = startMigrate({ source, target: target?.url ?? '' }, '--deadline', '4s');
    const migration = view.migration(running.id);
    await until('the question has its default', async () => {
      const [question] = await migration.questions().catch(() => []);
      return question?.answer?.by === 'default';
    });
    expect((await migration.questions())[0]?.answer).toEqual({ option: 'number', by: 'default' });
    await migration.waits('planning');
    // The plan has the same short deadline: no command is started in between.
    const plan = await migration.plan();
    await migration.handle.executeUpdate('approvePlan', { args: [{ planHash: plan?.planHash, by: 'ann' }] });
    const ran = await running.ended;
    expect(ran.exit, ran.stderr).toBe(0);
    expect(await typeOf(target)).toBe('bigint');
  });
});
