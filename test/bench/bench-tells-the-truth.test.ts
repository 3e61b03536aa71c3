import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { benchCopyOn } from '../../bench/copy/copy.js';
import { requireEqual } from '../../bench/copy/checksum.js';
import { withMariadb } from '../../bench/copy/ends.js';
import { rowPieces } from '../../bench/copy/rows.js';
import type { BenchTarget } from '../../bench/copy/target.js';
import { timeAgainst, withLimit } from '../../bench/lines.js';
import { readConfig } from '../../config/config.js';
import { findMariadb } from '../../platform/local-stack/mariadb-server.js';
import { packageFolder } from '../../platform/local-stack/package-folder.js';

const ROWS = 3000;
const LIMIT_MS = 240_000;

function bench(args: readonly string[]): Promise<{ exit: number | null; stdout: string; stderr: string }> {
  const { PATH = '', HOME = '' } = process.env;
  const entry = join(packageFolder(), 'dist', 'bench', 'main.js');
  const child = spawn(process.execPath, [entry, ...args], { env: { PATH, HOME }, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
  return new Promise((done) => {
    child.once('close', (exit) => {
      done({ exit, stdout, stderr });
    });
  });
}

describe.skipIf(findMariadb() === null)('the copy bench', () => {
  it(
    'prints nothing but whole lines of JSON, one a case',
    async () => {
      const { exit, stdout, stderr } = await bench([
        'copy',
        '--rows',
        String(ROWS),
        '--rounds',
        '1',
        '--json',
        '--case',
        'copy-whole',
      ]);
      expect(exit, stderr).toBe(0);
      const lines = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(lines.map((line) => line['case'])).toEqual(['copy-whole']);
      for (const line of lines) {
        expect(Object.keys(line)).toEqual([
          'bench',
          'case',
          'value',
          'unit',
          'against',
          'againstValue',
          'ratio',
          'goal',
          'ok',
          'note',
        ]);
        expect(line).toMatchObject({ bench: 'copy', value: expect.any(Number) as number });
      }
      const [whole] = lines;
      expect(whole).toMatchObject({ unit: 's', against: 'pgloader, data only', goal: 2 });
      expect(whole?.['note']).toContain(`${String(ROWS)} rows`);
    },
    LIMIT_MS,
  );

  it(
    'gives no figure for a result with one changed value',
    async () => {
      const { PATH, HOME, XDG_CACHE_HOME } = process.env;
      const config = readConfig({ PATH, HOME, XDG_CACHE_HOME });
      const changes = [
        ['copy-whole', 'UPDATE orders SET reference = reference + 1 WHERE id = 7'],
        ['wide', 'UPDATE wide SET t99 = NULL WHERE id = 7'],
      ] as const;
      await withMariadb(config, async (ends) => {
        for (const [only, change] of changes) {
          const spoil = async (target: BenchTarget, url: string): Promise<void> => {
            await target.query(url, change);
          };
          const spoiled = benchCopyOn(ends, { config, rows: ROWS, rounds: 1, only, tell: () => undefined, spoil });
          await expect(spoiled, only).rejects.toMatchObject({ name: 'WrongResult' });
        }
      });
    },
    LIMIT_MS,
  );
});

describe('a line', () => {
  const measured = { bench: 'copy', case: 'copy-whole', value: 8.004 };

  it('has a ratio above 1 where ours is faster, and misses below its goal', () => {
    const faster = timeAgainst(measured, { name: 'pgloader', seconds: 20, goal: 2 });
    expect(faster).toMatchObject({ value: 8, againstValue: 20, ratio: 2.5, ok: true });
    expect(timeAgainst(measured, { name: 'pgloader', seconds: 10, goal: 2 }).ok).toBe(false);
  });

  it('says null, not true, where the rival is not there', () => {
    const alone = timeAgainst({ ...measured, note: 'no pgloader' }, { name: 'pgloader', seconds: null, goal: 2 });
    expect(alone).toMatchObject({ againstValue: null, ratio: null, ok: null, note: 'no pgloader' });
  });

  it('with a limit of its own compares the value', () => {
    const line = withLimit({ bench: 'copy', case: 'memory', value: 401, unit: 'MB' }, { max: 400 });
    expect(line).toMatchObject({ ok: false, against: null, ratio: null });
  });

  it('with a limit of its own stands beside its floor, and is judged by the limit', () => {
    const sagas = { bench: 'engine', case: 'saga', value: 900, unit: 'sagas/min' };
    const line = withLimit(sagas, { min: 1500 }, { name: 'bare workflow', value: 1000 });
    expect(line).toMatchObject({ ok: false, against: 'bare workflow', againstValue: 1000, ratio: 0.9 });
  });

  it('with a limit above and its floor has a ratio above 1 where ours is less', () => {
    const status = { bench: 'engine', case: 'status', value: 4, unit: 'ms' };
    const line = withLimit(status, { max: 5 }, { name: 'bare server', value: 3 });
    expect(line).toMatchObject({ ok: true, againstValue: 3, ratio: 0.75 });
  });

  it('is never made of unequal checksums', () => {
    expect(() => {
      requireEqual('the table', { rows: '2', sum: '5' }, { rows: '2', sum: '6' });
    }).toThrow(/no figure/iu);
  });
});

describe('the rows of the bench', () => {
  it('are the same every time', () => {
    const [once] = rowPieces(100);
    const [again] = rowPieces(100);
    expect(once?.equals(again ?? Buffer.alloc(0))).toBe(true);
    expect(
      once
        ?.toString()
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t').length),
    ).toEqual(Array(100).fill(12));
  });
});
