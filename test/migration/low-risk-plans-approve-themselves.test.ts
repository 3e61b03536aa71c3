import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureStack } from '../../cli/stack/ensure-stack.js';
import { copyPostgres } from '../setup/data-folders.js';
import type { Stack } from '../../cli/stack/ensure-stack.js';
import { readConfig } from '../../config/config.js';
import type { StackView, TestFolder } from './fixtures.js';
import { objectsIn, testFolder, uniqueId, viewStack } from './fixtures.js';
import type { Ran, Running, TestDatabase } from './harness.js';
import { caravan, freshDatabase, startCaravan } from './harness.js';

const LEVEL = '0.1';
const NOTES = 'CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT); INSERT INTO note VALUES (1, $$)'.replace(
  '$$',
  "'a'",
);
/** What these views say has no translation: a person may want to look. */
const VIEWS = Array.from({ length: 12 }, (_, n) => `CREATE VIEW v${String(n)} AS SELECT random() FROM note;`).join('');

describe('The policy CARAVAN_AUTO_APPROVE_RISK', () => {
  let home: string;
  let stack: Stack;
  let view: StackView;
  let folder: TestFolder;
  const targets: TestDatabase[] = [];

  beforeAll(async () => {
    folder = testFolder();
    home = mkdtempSync(join(tmpdir(), 'caravan-policy-'));
    const { PATH, HOME, XDG_CACHE_HOME } = process.env;
    const environment = { PATH, HOME, XDG_CACHE_HOME, CARAVAN_HOME: home, CARAVAN_AUTO_APPROVE_RISK: LEVEL };
    await copyPostgres(join(home, 'postgres'));
    stack = await ensureStack({ config: readConfig(environment) });
    view = await viewStack(home);
  });
  afterAll(async () => {
    for (const target of targets) await target.drop();
    await view.close();
    await stack.stop();
    folder.remove();
    rmSync(home, { recursive: true, force: true });
  });

  const start = async (source: string, ...more: string[]): Promise<Running & { id: string; target: TestDatabase }> => {
    const target = await freshDatabase(stack.databaseUrl);
    targets.push(target);
    const id = uniqueId('policy');
    const ends = ['--source', source, '--target', target.url, '--workflow-id', id];
    return { id, target, ...startCaravan(['migrate', ...ends, ...more], { home }) };
  };
  /** It waits for approval, in vain for the policy; then a person rejects the plan. */
  const waitsAndIsRejected = async (running: Running & { id: string; target: TestDatabase }): Promise<Ran> => {
    await view.migration(running.id).waits('planning');
    const impostor = await caravan(['approve', running.id, '--by', 'policy'], { home });
    expect(impostor.exit, 'nobody is called "policy"').toBe(2);
    const rejected = await caravan(['reject', running.id, '--by', 'ann', '--reason', 'a test'], { home });
    expect(rejected.exit, rejected.stderr).toBe(0);
    const ran = await running.ended;
    expect(ran.exit).toBe(4);
    expect(ran.stdout).not.toContain('Approved by');
    expect(await objectsIn(running.target)).toEqual([]);
    return ran;
  };

  it('approves a plan of less risk, asks nobody, and says that it was the policy', async () => {
    const running = await start(folder.sqlite('calm', NOTES));
    const ran = await running.ended;
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.stdout).toMatch(/^Approved by +policy$/m);
    expect(ran.stderr).not.toContain('caravan approve');
    expect(await running.target.query('SELECT text FROM note')).toEqual([{ text: 'a' }]);
    const certificate = readFileSync(/^Certificate +(.*)$/m.exec(ran.stdout)?.[1] ?? '', 'utf8');
    expect(certificate).toMatch(/"decision": ?\{\s*"by": ?"policy"/);
    const { events } = await view.client.workflow.getHandle(running.id).fetchHistory();
    const closing = events?.filter(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'closeMigration',
    );
    const input = closing?.[0]?.activityTaskScheduledEventAttributes?.input?.payloads?.[0]?.data;
    expect(JSON.parse(Buffer.from(input ?? []).toString())).toMatchObject({ approvedBy: 'policy' });
  }, 120_000);

  it('leaves a plan of more risk to a person', async () => {
    await waitsAndIsRejected(await start(folder.sqlite('odd', `${NOTES}; ${VIEWS}`)));
  }, 120_000);

  it('leaves a plan with a mapping that cannot be verified to a person, however small its risk', async () => {
    const source = folder.sqlite('unverifiable', NOTES);
    const out = join(folder.path, 'plan.yaml');
    expect((await caravan(['plan', '--source', source, '--out', out], { home })).exit).toBe(0);
    const plan = readFileSync(out, 'utf8');
    const twice = plan.replace(/(target: text\n(?:.*\n)*?( +)transform:\n)((?: +- op: as_is\n))/, '$1$3$3');
    expect(twice).not.toBe(plan);
    await waitsAndIsRejected(await start(source, '--plan', folder.write('twice.yaml', twice)));
  }, 120_000);

  it.each(['low', '1.5', '-0.1', '0x1', '1e-1'])('is refused with exit 2 when it is %s', async (level) => {
    const env = { CARAVAN_AUTO_APPROVE_RISK: level };
    const ran = await caravan(['migrate', '--source', 'sqlite:x', '--target', 'postgres://h/d', '--json'], {
      home,
      env,
    });
    expect(ran.exit).toBe(2);
    expect(ran.json).toMatchObject({ status: 'invalid_input', error: { code: 'INPUT_INVALID' } });
    expect(ran.json.error?.message).toContain('CARAVAN_AUTO_APPROVE_RISK');
  });
});
