import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { PlanDocument } from '../../contracts/definition.schema.js';
import { UPDATES } from '../../contracts/messages.js';
import type { MigrationResult } from '../../contracts/migration.js';
import type { StackView, TestFolder } from './fixtures.js';
import { startMigrate, testFolder, uniqueId, viewStack } from './fixtures.js';
import type { TestDatabase } from './harness.js';
import { caravan, freshDatabase } from './harness.js';

interface Metadata {
  readonly currentDetails?: string;
  readonly definition?: { readonly updateDefinitions?: readonly { readonly name: string }[] };
}

describe('A migration without the command', () => {
  let view: StackView;
  let folder: TestFolder;
  const targets: TestDatabase[] = [];
  const connections: string[] = [];

  beforeAll(async () => {
    view = await viewStack();
    folder = testFolder();
  });
  afterAll(async () => {
    for (const name of connections) await caravan(['connection', 'remove', name]);
    for (const target of targets) await target.drop();
    folder.remove();
    await view.close();
  });
  const fresh = async (): Promise<TestDatabase> => {
    const target = await freshDatabase();
    targets.push(target);
    return target;
  };
  const connect = async (what: string, url: string, env: Record<string, string> = {}): Promise<string> => {
    const name = uniqueId(what);
    connections.push(name);
    const more = Object.keys(env).flatMap((variable) => ['--password-env', variable]);
    const added = await caravan(['connection', 'add', name, url, ...more], { env });
    expect(added.exit, added.stderr).toBe(0);
    return name;
  };
  const metadata = (id: string): Promise<Metadata> =>
    view.client.workflow.getHandle(id).query<Metadata>('__temporal_workflow_metadata');

  it('is started on the queue "caravan" with names of connections, and tells its story to every client', async () => {
    const target = await fresh();
    const script =
      "CREATE TABLE pet (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO pet VALUES (1, 'rex'), (2, 'kit');";
    const url = new URL(target.url);
    const secret = { TARGET_PASSWORD: decodeURIComponent(url.password) };
    url.password = '';
    const [from, to] = await Promise.all([
      connect('legacy', folder.sqlite('pets', script)),
      connect('warehouse', url.toString(), secret),
    ]);
    const tested = await caravan(['connection', 'test', to]);
    expect(tested.exit, tested.stderr).toBe(0);
    expect(tested.stdout).toContain('postgres 18');
    const workflowId = uniqueId('bare');
    const args = [{ source: from, target: to, yes: true }];
    const handle = await view.client.workflow.start('migration', { taskQueue: 'caravan', workflowId, args });
    const result = (await handle.result()) as MigrationResult;
    expect(result).toMatchObject({ migrationId: workflowId, status: 'proven', tables: 1, rows: 2, exceptions: 0 });
    expect(await target.query('SELECT name FROM pet ORDER BY id')).toEqual([{ name: 'rex' }, { name: 'kit' }]);

    const migration = view.migration(workflowId);
    const progress = await migration.progress();
    expect(progress).toMatchObject({ phase: 'done', status: 'proven', rows: 2, totalRows: 2, etaSeconds: 0 });
    expect(progress.tables).toEqual([{ source: 'main.pet', rows: 2, totalRows: 2, state: 'equal' }]);
    const plan = await migration.plan();
    expect(plan?.planHash).toMatch(/^[0-9a-f]{64}$/);
    expect((parse(plan?.yaml ?? '') as PlanDocument).migration.tables).toHaveLength(1);
    expect(await migration.questions()).toEqual([]);
    expect(await migration.findings()).toEqual([]);

    const { typedSearchAttributes } = await handle.describe();
    const attributes = Object.fromEntries(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
    expect(attributes).toMatchObject({
      CaravanPhase: 'done',
      CaravanStatus: 'proven',
      CaravanSource: from,
      CaravanTarget: to,
      CaravanNeedsHuman: false,
      CaravanProgress: 100,
    });
    const { currentDetails, definition } = await metadata(workflowId);
    expect(currentDetails, 'what goes where').toContain(`\n\n${from} to ${to}\n\n`);
    expect(currentDetails?.replaceAll('\u00a0', '')).toContain('|main.pet|equal|2|2|');
    expect(currentDetails).toContain('2 rows in 1 table proven equal; 0 rows quarantined, 0 values changed');
    expect(currentDetails).toContain(`certificate \`${result.certificate ?? ''}\``);
    expect(definition?.updateDefinitions?.map(({ name }) => name).sort()).toEqual(Object.values(UPDATES).sort());
    const child = await view.client.workflow.getHandle(`${workflowId}/execution`).describe();
    expect(await child.staticSummary()).toBe(`execution of ${workflowId}`);
    const lines = (await caravan(['list'])).stdout;
    expect(lines).toMatch(new RegExp(`${workflowId} +proven +${from} +${to}`));
  });

  it('fails with a typed failure when its input is wrong', async () => {
    const wrong = [
      { source: 'none', target: 'none', nonsense: 1 },
      { source: 'none' },
      { source: 'no-such', target: 'no-such' },
    ];
    const codes = await Promise.all(
      wrong.map(async (args) => {
        const options = { taskQueue: 'caravan', workflowId: uniqueId('wrong'), args: [args] };
        const handle = await view.client.workflow.start('migration', options);
        const cause = await handle.result().then(
          () => undefined,
          (error: unknown) => (error as { cause?: { type?: string } }).cause,
        );
        return cause?.type;
      }),
    );
    expect(codes).toEqual(['INPUT_INVALID', 'INPUT_INVALID', 'CONNECTION_UNKNOWN']);
  });

  it('learns: the second plan of the same shape says what the first migration taught', async () => {
    const target = await fresh();
    // A length that no other test declares.
    const length = 200 + Math.floor(Math.random() * 10_000);
    const source = folder.sqlite(
      'shape',
      `CREATE TABLE thing (id INTEGER PRIMARY KEY, label VARCHAR(${String(length)}) NOT NULL);
       WITH RECURSIVE n(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < 500) INSERT INTO thing SELECT v, 'thing ' || v FROM n;`,
    );
    const draft = async (): Promise<{ reasons: string; confidence: number; details: string }> => {
      const running = startMigrate({ source, target: target.url }, '--dry-run', '--target-schema', 'second');
      const ran = await running.ended;
      expect(ran.exit, ran.stderr).toBe(0);
      const yaml = (await view.migration(running.id).plan())?.yaml ?? '';
      const plan = parse(yaml) as PlanDocument;
      const column = plan.migration.tables[0]?.columns.find(({ source: name }) => name === 'label');
      const { currentDetails = '' } = await metadata(running.id);
      return {
        // Comments in front of the column.
        reasons: /((?: *# .*\n)+) *- source: label\n/.exec(yaml)?.[1] ?? '',
        confidence: column?.confidence ?? 0,
        details: currentDetails,
      };
    };
    const before = await draft();
    expect(before.reasons).not.toContain('earlier');
    const migrated = await startMigrate({ source, target: target.url }, '--yes').ended;
    expect(migrated.exit, migrated.stderr).toBe(0);
    const after = await draft();
    expect(after.reasons).toContain('held in 1 earlier migration');
    expect(after.confidence).toBeGreaterThanOrEqual(before.confidence);
    expect(after.details).toMatch(/copy estimated at [\d.]+ s from earlier migrations/);
  });
});
