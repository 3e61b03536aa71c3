import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import pg from 'pg';
import { codeOfSqlState } from '../../databases/postgres/errors.js';
import type { StackView } from './fixtures.js';
import { viewStack } from './fixtures.js';
import {
  activitiesOf,
  bigSqlite,
  expectArrived,
  expectUntouched,
  planWithChunks,
  scratch,
  startFaulty,
} from './faults-harness.js';
import type { Faulty } from './faults-harness.js';
import { caravan, freshDatabase, until } from './harness.js';

const ROWS = 160_000;

it.each([
  ['53100', 'TARGET_FULL'],
  ['53200', 'TARGET_LOST'],
  ['53300', 'TARGET_BUSY'],
  ['55P03', 'TARGET_BUSY'],
] as const)('SQLSTATE %s is %s', (state, code) => {
  expect(codeOfSqlState(state)).toBe(code);
});

/** A file system that is full when the test says so. */
interface SmallDisk {
  readonly path: string;
  resize(megabytes: number): void;
  dispose(): void;
}

/** Only root can mount one, and not in every container. */
function smallDisk(owner: number): SmallDisk | undefined {
  const path = mkdtempSync(join(tmpdir(), 'caravan-disk-'));
  const mount = (options: string): void => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `${options},mode=700,uid=${String(owner)}`, 'tmpfs', path], {
      stdio: 'ignore',
    });
  };
  try {
    mount('size=14m');
  } catch {
    rmSync(path, { recursive: true });
    return undefined;
  }
  return {
    path,
    resize: (megabytes) => {
      mount(`remount,size=${String(megabytes)}m`);
    },
    dispose: () => {
      execFileSync('umount', ['-l', path]);
      rmSync(path, { recursive: true });
    },
  };
}

const probe = process.getuid?.() === 0 ? smallDisk(0) : undefined;
probe?.dispose();

describe.runIf(probe !== undefined)('a target whose disk is full in the middle of the copy', () => {
  const folder = scratch();
  let view: StackView;
  let admin: pg.Client;
  let source: string;
  let plan: string;
  /** The newest first. */
  const cleaning: (() => void | Promise<void>)[] = [];

  beforeAll(async () => {
    view = await viewStack();
    admin = new pg.Client({ connectionString: inject('sharedDatabaseUrl') });
    await admin.connect();
    source = bigSqlite(folder.path('big.sqlite'), ROWS);
    plan = await planWithChunks(source, { chunkRows: 10_000, file: folder.path('plan.yaml') });
  });
  afterEach(async () => {
    for (const clean of cleaning.splice(0)) await clean();
  });
  afterAll(async () => {
    await admin.end();
    await view.close();
    folder.remove();
  });

  /** A migration into a database on a small disk, until it waits because that is full. */
  const fill = async (): Promise<{ faulty: Faulty; disk: SmallDisk }> => {
    const { rows } = await admin.query<{ data_directory: string }>('SHOW data_directory');
    const disk = smallDisk(statSync(rows[0]?.data_directory ?? '').uid);
    if (disk === undefined) throw new Error('unreachable');
    cleaning.unshift(() => {
      disk.dispose();
    });
    const target = await freshDatabase();
    const space = `space_${target.name}`;
    cleaning.unshift(async () => {
      await target.drop();
      await admin.query(`DROP TABLESPACE IF EXISTS ${space}`);
    });
    await admin.query(`CREATE TABLESPACE ${space} LOCATION '${disk.path}'`);
    await admin.query(`ALTER DATABASE ${target.name} SET TABLESPACE ${space}`);
    const faulty = await startFaulty({ source, plan, target });
    await untilFull(faulty);
    return { faulty, disk };
  };
  const untilFull = async ({ id, running }: Faulty): Promise<void> => {
    const over: string[] = [];
    void running.ended.then(({ exit, stderr }) => over.push(`it ended with ${String(exit)}: ${stderr}`));
    const asked = async (): Promise<boolean> => {
      if (over[0] !== undefined) throw new Error(over[0]);
      const questions = await view
        .migration(id)
        .questions()
        .catch(() => []);
      return questions.some((question) => question.id.startsWith('target_full:'));
    };
    await until('people are told that the disk is full', asked, 120_000);
  };
  const failures = async ({ id }: Faulty): Promise<number> => {
    const events = await activitiesOf(view.client, `${id}/table/main.big`);
    return events.filter(({ type }) => type === 'failed').length;
  };

  it('makes the migration wait, and say why; it goes on by itself when there is space, and nothing is lost', async () => {
    const { faulty, disk } = await fill();
    const [question] = (await view.migration(faulty.id).questions()).filter(({ answer }) => answer === undefined);
    expect(question).toMatchObject({ id: 'target_full:1', options: ['retry', 'abort'], default: 'abort' });
    expect(question?.text).toContain('TARGET_FULL');
    expect(question?.text).toContain('main.big');
    expect(question?.text).toContain('Free space on the target server');
    expect(await failures(faulty), 'it is not tried again and again').toBeLessThanOrEqual(3);
    disk.resize(200);
    const ran = await faulty.running.ended;
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.stderr).toContain(`caravan answer ${faulty.id} target_full:1 retry`);
    await expectArrived(faulty.target, ROWS);
    const questions = await view.migration(faulty.id).questions();
    expect(questions.every(({ answer }) => answer !== undefined)).toBe(true);
  }, 180_000);

  it.each([
    ['cancelled', 'CANCELLED', (id: string) => ['cancel', id]],
    ['failed', 'TARGET_FULL', (id: string) => ['answer', id, 'target_full:1', 'abort']],
  ] as const)(
    'is left as it was when the migration is %s while it waits',
    async (status, code, command) => {
      const { faulty } = await fill();
      await caravan(command(faulty.id));
      const ran = await faulty.running.ended;
      expect(ran.exit, ran.stderr).toBe(1);
      expect(ran.json).toMatchObject({ status, error: { code } });
      await expectUntouched(faulty.target);
    },
    180_000,
  );
});
