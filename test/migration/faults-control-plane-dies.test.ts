import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  activitiesOf,
  bigSqlite,
  expectArrived,
  faultStack,
  figure,
  planWithChunks,
  scratch,
  secondsUntil,
  startFaulty,
  untilChunks,
} from './faults-harness.js';
import type { ActivityEvent, Faulty, FaultStack } from './faults-harness.js';
import type { Ran } from './harness.js';

const ROWS = 60_000;
const CHUNK_ROWS = 400;
const CHUNKS = ROWS / CHUNK_ROWS;

describe('Redis, the only control worker, Temporal and PostgreSQL killed one after the other while a table is copied', () => {
  const folder = scratch();
  const killedAt = { redis: 0, control: 0, temporal: 0, postgres: 0 };
  let stack: FaultStack;
  let faulty: Faulty;
  let ran: Ran;
  let chunks: ActivityEvent[];

  beforeAll(async () => {
    stack = await faultStack([{ role: 'control' }, { role: 'copy' }, { role: 'verify' }]);
    const source = bigSqlite(folder.path('big.sqlite'), ROWS);
    const plan = await planWithChunks(source, {
      chunkRows: CHUNK_ROWS,
      file: folder.path('plan.yaml'),
      home: stack.home,
    });
    faulty = await startFaulty({ source, plan, stack });
    await untilChunks(faulty, 10);
    killedAt.redis = stack.kill('redis');
    await untilChunks(faulty, 35);
    killedAt.control = stack.kill('worker-control');
    await untilChunks(faulty, 75);
    killedAt.temporal = stack.kill('temporal');
    await untilChunks(faulty, 100);
    killedAt.postgres = stack.kill('postgres');
    ran = await faulty.running.ended;
    const history = await activitiesOf(stack.client, `${faulty.id}/table/main.big`);
    chunks = history.filter(({ activity }) => activity === 'copyChunk');
  });
  afterAll(async () => {
    await stack.dispose();
    folder.remove();
  });

  it('ends proven, with every row exactly once and nothing left behind', async () => {
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.json).toMatchObject({ status: 'proven', findings: [], copy: { rows: ROWS } });
    expect(chunks.filter(({ type }) => type === 'completed')).toHaveLength(CHUNKS);
    await expectArrived(faulty.target, ROWS);
  });

  it('starts each part again, once', () => {
    for (const part of ['redis', 'worker-control', 'temporal', 'postgres']) {
      expect(stack.own.part(part)).toMatchObject({ state: 'ready', restarts: 1 });
    }
  });

  it('does not notice that Redis is gone', () => {
    const between = chunks.filter(({ atMs }) => atMs >= killedAt.redis && atMs < killedAt.control);
    expect(between.filter(({ type }) => type === 'completed').length).toBeGreaterThan(10);
    expect(between.filter(({ type }) => type === 'failed' || type === 'timed out')).toEqual([]);
    figure('next chunk done after the death of Redis', secondsUntil(chunks, killedAt.redis, done), 2);
  });

  it('makes its next decision within 5 seconds of the control worker being killed', () => {
    figure('next chunk sent after the death of the control worker', secondsUntil(chunks, killedAt.control, sent), 5);
  });

  it('is at work again within 15 seconds of Temporal being killed', () => {
    figure('next chunk sent after the death of Temporal', secondsUntil(chunks, killedAt.temporal, sent), 15);
  });

  it('is at work again within 15 seconds of PostgreSQL being killed, with the store and the target in it', () => {
    figure('next chunk done after the death of PostgreSQL', secondsUntil(chunks, killedAt.postgres, done), 15);
  });
});

const sent = { type: 'scheduled', activity: 'copyChunk' } as const;
const done = { type: 'completed', activity: 'copyChunk' } as const;
