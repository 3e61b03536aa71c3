import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { packageFolder } from '../../platform/local-stack/package-folder.js';
import { testFolder } from '../migration/fixtures.js';

const TASKS = 6000;
/** Long enough for a command that does not wait for its reader to be gone. */
const LATE_MS = 2500;

const folder = testFolder();
afterAll(() => {
  folder.remove();
});

it('a command waits for a slow reader: what it printed last is not lost with it', { timeout: 60_000 }, async () => {
  const ids = Array.from({ length: TASKS }, (_, at) => `task_${'x'.repeat(100)}_${String(at)}`);
  const tasks = ids.map((id) => `  - { id: ${id}, agent: a }`);
  const head = ['name: big', 'version: "1"', 'orchestration_pattern: supervisor', 'agents: [{ type: a, count: 1 }]'];
  const file = folder.write('big.yaml', [...head, 'tasks:', ...tasks, ''].join('\n'));
  const command = [join(packageFolder(), 'bin', 'caravan.js'), 'workflow', 'graph', file];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'ignore'] });
  await Promise.race([once(child, 'exit'), pause(LATE_MS)]);
  const printed = await text(child.stdout);
  expect(ids.filter((id) => !printed.includes(id))).toEqual([]);
  expect(printed.endsWith('\n')).toBe(true);
});
