import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ensureStack } from '../../cli/stack/ensure-stack.js';
import { testHome, until } from './stack-harness.js';
import type { ChildProcess } from 'node:child_process';
import type { TestHome } from './stack-harness.js';

const CALLER = `
import { ensureStack } from 'DIST/cli/stack/ensure-stack.js';
import { readConfig } from 'DIST/config/config.js';
process.on('SIGINT', () => console.log('interrupted'));
const stack = await ensureStack({ config: readConfig(), workers: [] });
setInterval(() => undefined, 1000);
process.on('SIGTERM', async () => { await stack.stop(); process.exit(0); });
console.log(stack.started ? 'started' : 'found');
`;

describe('a stack that a command started for itself', () => {
  let own: TestHome;
  beforeEach(() => {
    own = testHome();
  });
  afterEach(async () => {
    await own.dispose();
  });

  test('goes when its caller is killed, and not with Ctrl-C', async () => {
    const caller = own.runNode(CALLER);
    const line = nextLine(caller);
    expect(await line()).toBe('started');
    // What a terminal does: the signal to the whole group of the command in front.
    process.kill(-(caller.pid ?? 0), 'SIGINT');
    expect(await line()).toBe('interrupted');
    expect(own.parts().filter(({ state, restarts }) => state !== 'ready' || restarts > 0)).toEqual([]);
    caller.kill('SIGKILL');
    await until('nothing is left', () => own.processes().length === 0);
  }, 30_000);

  test('stays as long as somebody else uses it', async () => {
    const first = own.runNode(CALLER);
    expect(await nextLine(first)()).toBe('started');
    const second = await ensureStack({ config: own.config, workers: [] });
    expect(second.started).toBe(false);
    first.kill('SIGTERM');
    expect(await once(first, 'exit')).toEqual([0, null]);
    expect(own.parts().map(({ state }) => state)).toEqual(['ready', 'ready', 'ready']);
    await second.stop();
    await until('nothing is left', () => own.processes().length === 0);
  }, 30_000);

  test('two that come at once share one', async () => {
    const stacks = await Promise.all([1, 2, 3].map(() => ensureStack({ config: own.config, workers: [] })));
    expect(stacks.filter(({ started }) => started)).toHaveLength(1);
    expect(new Set(stacks.map(({ databaseUrl }) => databaseUrl)).size).toBe(1);
    await Promise.all(stacks.map((stack) => stack.stop()));
    await until('nothing is left', () => own.processes().length === 0);
  }, 30_000);
});

function nextLine(child: ChildProcess): () => Promise<string> {
  if (child.stdout === null) throw new Error('no output');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async () => String((await lines.next()).value);
}
