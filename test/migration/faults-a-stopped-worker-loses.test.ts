import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  activitiesOf,
  bigSqlite,
  expectArrived,
  faultStack,
  planWithChunks,
  scratch,
  shadowOf,
  startFaulty,
} from './faults-harness.js';
import type { ActivityEvent, Faulty, FaultStack } from './faults-harness.js';
import { lockShadowTable, untilBlocked } from './faults-holds.js';
import { until } from './harness.js';
import type { Ran } from './harness.js';

const ROWS = 40_000;

describe('a copy worker stopped in the middle of COPY for longer than its heartbeat, and then let go on', () => {
  const folder = scratch();
  const marker = folder.path('prove.mid');
  let stack: FaultStack;
  let faulty: Faulty;
  let ran: Ran;
  let takenOver = 0;
  let proof: ActivityEvent[];

  beforeAll(async () => {
    stack = await faultStack([
      { role: 'control' },
      { role: 'copy' },
      { role: 'copy' },
      { role: 'verify', environment: { CARAVAN_FAILPOINT: `prove.mid:3:${marker}` } },
    ]);
    const source = bigSqlite(folder.path('big.sqlite'), ROWS);
    const plan = await planWithChunks(source, { chunkRows: 2000, file: folder.path('plan.yaml'), home: stack.home });
    faulty = await startFaulty({ source, plan, stack });
    takenOver = await stopAndGoOn(stack, faulty);
    ran = await faulty.running.ended;
    proof = await activitiesOf(stack.client, `${faulty.id}/verification`);
  });
  afterAll(async () => {
    await stack.dispose();
    folder.remove();
  });

  it('has lost its chunk to a newer attempt before it goes on', () => {
    expect(takenOver).toBeGreaterThanOrEqual(2);
    expect(
      stack.own
        .parts()
        .filter(({ role }) => role === 'copy')
        .map(({ restarts }) => restarts),
    ).toEqual([0, 0]);
  });

  it('changes nothing: the migration ends proven, with every row exactly once', async () => {
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.json).toMatchObject({ status: 'proven', findings: [] });
    await expectArrived(faulty.target, ROWS);
  });

  it('and the verify worker killed in the middle of the proof costs the snapshot: it is taken and proven anew', () => {
    expect(existsSync(marker)).toBe(true);
    const opened = proof.filter(({ type, activity }) => type === 'completed' && activity === 'openProofSnapshot');
    expect(opened).toHaveLength(2);
    const proven = proof.filter(({ type, activity }) => type === 'completed' && activity === 'proveTable');
    expect(proven).toHaveLength(1);
  });
});

/** Stops the process that holds the snapshot while its COPY waits for a lock. Gives the epoch of the chunk's next owner. */
async function stopAndGoOn(stack: FaultStack, faulty: Faulty): Promise<number> {
  const { target } = faulty;
  const release = await lockShadowTable(faulty, 'big', 'SHARE');
  const application = await untilBlocked(target);
  const chunk = Number(application.split('/').at(-2));
  const pid = await snapshotHolder(stack, faulty.id);
  process.kill(pid, 'SIGSTOP');
  try {
    await release();
    const shadow = (await shadowOf(target)) ?? '';
    let epoch = 0;
    await until('another worker has taken the chunk', async () => {
      const [row] = await target.query(`SELECT epoch FROM ${shadow}_meta.chunk WHERE chunk = $1`, [chunk]);
      epoch = Number(row?.['epoch'] ?? 0);
      return epoch >= 2;
    });
    await until('the older backend is gone', async () => {
      return (
        (await target.query('SELECT 1 FROM pg_stat_activity WHERE application_name = $1', [application])).length === 0
      );
    });
    return epoch;
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

/** The queue of the copy's snapshot names its process. */
async function snapshotHolder({ client }: FaultStack, id: string): Promise<number> {
  const events = await activitiesOf(client, `${id}/execution`);
  const opened = events.find(({ type, activity }) => type === 'completed' && activity === 'openCopySnapshot');
  const { queue } = opened?.result as { queue: string };
  const pid = /-(\d+)-[0-9a-f]+$/.exec(queue)?.[1];
  if (pid === undefined) throw new Error(`no process in ${queue}`);
  return Number(pid);
}
