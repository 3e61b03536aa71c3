import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isCaravanFailure } from './failures.js';
import { ensureStack } from '../../cli/stack/ensure-stack.js';
import { killPart, testHome, until } from './stack-harness.js';
import type { TestHome } from './stack-harness.js';

const WORKER = `
import { writeFileSync } from 'node:fs';
const names = ['TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE', 'DATABASE_URL', 'REDIS_URL', 'CARAVAN_HOME', 'TEMPORAL_PROFILE'];
writeFileSync(process.env.SEEN, JSON.stringify(Object.fromEntries(names.map((name) => [name, process.env[name]]))));
process.on('SIGTERM', () => process.exit(0));
console.log(JSON.stringify({ event: 'worker.ready', role: 'copy' }));
setInterval(() => undefined, 1000);
`;

describe('the workers of a stack', () => {
  let own: TestHome;
  beforeEach(() => {
    own = testHome();
  });
  afterEach(async () => {
    await own.dispose();
  });

  test('run as often as asked, know where everything is, and are started again', async () => {
    const entry = join(own.home, 'worker.mjs');
    const seen = join(own.home, 'seen.json');
    writeFileSync(entry, WORKER);
    const spec = { role: 'copy', entry, environment: { SEEN: seen } };
    const stack = await ensureStack({ config: own.config, workers: [spec, spec] });
    const workers = own.parts().filter(({ role }) => role === 'copy');
    expect(workers.map(({ name, state, address }) => [name, state, address])).toEqual([
      ['worker-copy', 'ready', null],
      ['worker-copy-2', 'ready', null],
    ]);
    const { readFileSync } = await import('node:fs');
    expect(JSON.parse(readFileSync(seen, 'utf8'))).toEqual({
      TEMPORAL_ADDRESS: stack.temporalAddress,
      TEMPORAL_NAMESPACE: 'default',
      DATABASE_URL: stack.databaseUrl,
      REDIS_URL: stack.redisUrl,
      CARAVAN_HOME: own.home,
    });
    await killPart(own, 'worker-copy-2');
    expect(own.parts().map(({ restarts }) => restarts)).toEqual([0, 0, 0, 0, 1]);
    await stack.stop();
    expect(own.processes()).toEqual([]);
  }, 30_000);

  test('a worker that cannot start fails the start with its last words, and nothing is left', async () => {
    const entry = join(own.home, 'worker.mjs');
    writeFileSync(entry, `console.error('no such thing'); process.exit(3);`);
    const failure = await ensureStack({ config: own.config, workers: [{ role: 'copy', entry }] }).catch(
      isCaravanFailure,
    );
    expect(failure).toMatchObject({ code: 'STACK_PART_MISSING' });
    expect(failure).toMatchObject({ message: expect.stringContaining('no such thing') as string });
    await until('nothing is left', () => own.processes().length === 0);
  }, 30_000);

  test('a worker that was not built is named', async () => {
    const failure = await ensureStack({ config: own.config, workers: [{ role: 'nobody' }] }).catch(isCaravanFailure);
    expect(failure).toMatchObject({
      message: expect.stringMatching(/could not start .*nobody.*npm run build/) as string,
    });
  }, 30_000);
});
