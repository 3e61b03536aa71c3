import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FAILURES, isFailureCode } from '../../contracts/failures.js';
import type { Progress } from '../../contracts/migration.js';
import { needsOf, shellWord } from '../../contracts/needs.js';
import { parseDuration } from '../../cli/duration.js';
import { headLine, screenLines } from '../../cli/migrate/display.js';
import { needLines } from '../../cli/migrate/follow.js';
import { readRequest } from '../../cli/migrate/request.js';
import { screenLines as executionLines } from '../../cli/workflow/display.js';
import { NEW_EXECUTION } from '../../platform/store/engine/projection.js';
import { secondsText } from '../../cli/text-table.js';
import { openTerminal } from '../../cli/terminal.js';
import { cliHome, reportOf } from './cli-harness.js';
import type { CliHome } from './cli-harness.js';

let home: CliHome;
beforeAll(() => {
  home = cliHome();
  writeFileSync(join(home.folder, 'broken.yaml'), 'caravan_plan: 1\n  name: [');
});
afterAll(async () => {
  await home.dispose();
});

const GOOD = ['--source', 'mysql://u:hunter2@127.0.0.1/shop', '--target', 'postgres://u:hunter2@127.0.0.1/db'];

describe('bad input', () => {
  it.each([
    ['an unknown option', ['migrate', ...GOOD, '--bogus'], 'USAGE'],
    ['an option that another command has', ['verify', ...GOOD, '--yes'], 'USAGE'],
    ['a wrong choice', ['migrate', ...GOOD, '--on-existing', 'merge'], 'USAGE'],
    ['a wrong duration', ['migrate', ...GOOD, '--deadline', 'soon'], 'USAGE'],
    ['no target', ['migrate', '--source', 'legacy'], 'USAGE'],
    ['no source', ['migrate', '--target', 'legacy'], 'USAGE'],
    ['an unknown URL option', ['migrate', ...GOOD, '--source', 'mysql://u:hunter2@h/d?ssl=0'], 'URL_OPTION_UNKNOWN'],
    ['an unknown scheme', ['migrate', ...GOOD, '--source', 'oracle://u:hunter2@h/d'], 'URL_SCHEME_UNKNOWN'],
    ['a broken URL', ['migrate', ...GOOD, '--source', 'mysql://u:hunter2@h'], 'URL_INVALID'],
    ['a target that is not PostgreSQL', ['migrate', ...GOOD, '--target', 'mysql://u:hunter2@h/d'], 'INPUT_INVALID'],
    ['a wrong workflow id', ['migrate', ...GOOD, '--workflow-id', 'a/b'], 'INPUT_INVALID'],
    ['a plan that is not there', ['migrate', ...GOOD, '--plan', 'nowhere.yaml'], 'PLAN_INVALID'],
    ['a plan that is broken', ['migrate', ...GOOD, '--plan', 'broken.yaml'], 'PLAN_INVALID'],
  ])('of the kind "%s" exits with 2 and one line of JSON, and starts nothing', async (_, args, code) => {
    const ran = await home.run(...args, '--json');
    expect(ran.exit).toBe(2);
    expect(ran.stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(Object.keys(reportOf(ran))).toEqual([
      'migrationId',
      'status',
      'tables',
      'notMigrated',
      'findings',
      'certificate',
      'phases',
      'copy',
      'error',
    ]);
    expect(reportOf(ran)).toMatchObject({ status: 'invalid_input', error: { code } });
    expect(reportOf(ran).error?.message).not.toContain('..');
    expect(ran.stdout + ran.stderr).not.toContain('hunter2');
    expect(ran.stderr).not.toContain('ready in');
  });

  it('says on its own line what is wrong, without --json', async () => {
    const ran = await home.run('migrate', '--source', 'legacy');
    expect(ran).toMatchObject({ exit: 2, stdout: '' });
    expect(ran.stderr).toMatch(/USAGE: could not use "--target"/u);
  });
});

describe('a request', () => {
  it('gets an id that tells source and time, and connections of its own for URLs', async () => {
    const now = new Date('2026-01-02T03:04:05.678Z');
    const { migrationId, source, target, isNamed } = await readRequest(
      { source: 'sqlite:old/shop.db', target: 'wh' },
      '/w',
      now,
    );
    expect(migrationId).toMatch(/^migrate-shop-20260102-030405-[0-9a-f]{4}$/u);
    expect(isNamed).toBe(false);
    expect(source).toEqual({
      kind: 'url',
      name: `${migrationId}-source`,
      endpoint: { engine: 'sqlite', path: '/w/old/shop.db' },
    });
    expect(target).toEqual({ kind: 'name', name: 'wh' });
  });

  it('reads durations', () => {
    expect(['90s', '30m', '24h', '2d', '1h30m'].map(parseDuration)).toEqual([90, 1800, 86_400, 172_800, 5400]);
    for (const wrong of ['', '5', '0s', '-1h', '1w', '1h 30m', '999d'])
      expect(() => parseDuration(wrong)).toThrow(/USAGE/u);
  });
});

const PROGRESS: Progress = {
  phase: 'execution',
  status: 'running',
  rows: 50_000,
  totalRows: 200_000,
  bytes: 1,
  rowsPerSecond: 10_000,
  etaSeconds: 15,
  tables: Array.from({ length: 30 }, (_, n) => ({
    source: `s.table_${String(n)}`,
    rows: n,
    totalRows: 30,
    state: n === 29 ? 'copying' : 'waiting',
  })),
};

describe('what is shown', () => {
  it('fits the screen, with the tables at work first', () => {
    const lines = screenLines(PROGRESS, { columns: 80, rows: 10 });
    expect(lines).toHaveLength(8);
    expect(lines[0]).toBe('execution: 50,000 of 200,000 rows, 25 %, 10,000 rows/s, about 15 s left');
    expect(lines[1]).toContain('s.table_29');
    expect(lines.at(-1)).toBe('… and 24 more tables');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(80);
    expect(headLine({ ...PROGRESS, totalRows: 0, phase: 'discovery' })).toBe('discovery');
  });

  it('says of an execution how long it runs, and each task at work', () => {
    const at = '2026-01-01T00:00:00.000Z';
    const state = { state: 'running', attempt: 1, agentId: 'ann', startedAt: at, endedAt: null, rank: 0 } as const;
    const execution = { ...NEW_EXECUTION, status: 'running', startedAt: at, counts: { done: 1, running: 2 } } as const;
    const tasks = new Map([
      ['b', state],
      ['c', { ...state, attempt: 2, startedAt: '2026-01-01T00:01:30.000Z' }],
      ['d', { ...state, state: 'blocked', agentId: null } as const],
    ]);
    const size = { rows: 20, nowMs: Date.parse(at) + 119_700 };
    expect(executionLines({ name: 'tea', taskCount: 4 }, { execution, tasks }, size)).toEqual([
      'tea: running, 1 of 4 tasks done, 2 running, 1 min 59 s',
      '  blocked  d',
      '  running  b (ann, 1 min 59 s)',
      '  running  c (ann, attempt 2, 29 s)',
    ]);
    expect([9.94, 59.6, 119.7, 3599.9, 7199].map(secondsText)).toEqual([
      ...['9.9 s', '1 min 0 s', '2 min 0 s', '1 h 0 min', '2 h 0 min'],
    ]);
  });

  it('is drawn over itself, and what is told stands above it', () => {
    let written = '';
    const { tell, screen } = openTerminal({ columns: 10, rows: 5, write: (text) => (written += text) });
    screen.draw(['one', 'a line that is too long']);
    tell('told');
    screen.draw(['two']);
    screen.keep();
    tell('end');
    expect(written.replaceAll('\u001b[', '^')).toBe('one\na line th\n^2A^0Jtold\none\na line th\n^2A^0Jtwo\nend\n');
  });

  it('is erased as a whole when the terminal was made narrower meanwhile', () => {
    let written = '';
    const stream = { columns: 10, rows: 5, write: (text: string) => (written += text) };
    const { screen } = openTerminal(stream);
    screen.draw(['123456789', '1']);
    stream.columns = 4;
    screen.draw(['two']);
    expect(written.replaceAll('\u001b[', '^')).toBe('123456789\n1\n^4A^0Jtwo\n');
  });

  it('names the exact command for whatever a migration waits for', () => {
    const progress: Progress = { ...PROGRESS, phase: 'planning', status: 'waiting' };
    const question = { id: "it's", text: 'Which?', options: ['a', 'b'], default: 'b', deadline: 'then' };
    const plan = { planId: 'p', planHash: 'h', yaml: '' };
    const lines = (waiting: Partial<Parameters<typeof needsOf>[1]>) =>
      needsOf('m 1', { progress, plan, questions: [], findings: [], ...waiting }).flatMap(needLines);
    expect(lines({})).toContain("  caravan approve 'm 1'");
    expect(lines({ questions: [question] })).toContain(String.raw`  caravan answer 'm 1' 'it'\''s' b    (the default)`);
    expect(lines({ questions: [{ ...question, answer: { option: 'a', by: 'x' } }] })).toContain(
      "  caravan approve 'm 1'",
    );
    expect(lines({ progress: PROGRESS })).toEqual([]);
    expect(shellWord('a;b')).toBe("'a;b'");
  });

  it('has an exit code for every failure', () => {
    expect(Object.keys(FAILURES).every(isFailureCode)).toBe(true);
  });
});
