import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it, vi } from 'vitest';
import { draftTasks } from '../../activities/architect/tasks.js';
import { toGraphTasks } from '../../activities/architect/pages.js';
import type { GraphTask } from '../../contracts/graph.js';
import type { MigrationMapping } from '../../contracts/mapping.js';
import { tableGroup } from '../../migration-phases/execution/table-group.js';
import { execution } from '../../migration-phases/execution/workflow.js';
import { proofGroup } from '../../migration-phases/verification/groups.js';
import { verification } from '../../migration-phases/verification/workflow.js';

/** What a workflow's history holds, reckoned high: each thing that ends may cost a workflow task of its own. */
class History {
  readonly asked = new Map<string, number>();
  children = 0;
  events = 5;

  activity(name: string): void {
    this.asked.set(name, (this.asked.get(name) ?? 0) + 1);
    this.events += 6;
  }
}

const { current, world } = vi.hoisted(() => ({
  current: { of: (): unknown => undefined },
  world: { histories: [] as unknown[], answer: (_name: string, _input: unknown): unknown => undefined },
}));
const running = new AsyncLocalStorage<History>();
current.of = () => running.getStore();

vi.mock(import('@temporalio/workflow'), async (original) => {
  const own = (): History => current.of() as History;
  const proxy = (): unknown =>
    new Proxy(
      {},
      {
        get: (_target, name) => (input: unknown) => {
          own().activity(String(name));
          return Promise.resolve(world.answer(String(name), input));
        },
      },
    );
  const actual = await original();
  const fakes = {
    proxyActivities: proxy,
    proxyLocalActivities: proxy,
    setHandler: () => undefined,
    sleep: () => {
      own().events += 5;
      return new Promise(() => undefined);
    },
    condition: () => Promise.resolve(true),
    CancellationScope: class {
      run<T>(work: () => Promise<T>): Promise<T> {
        return work();
      }
      cancel(): void {
        // Nothing runs on.
      }
    },
    getExternalWorkflowHandle: () => ({
      signal: () => {
        own().events += 5;
        return Promise.resolve();
      },
    }),
    executeChild: async (type: string, { args }: { readonly args: readonly unknown[] }) => {
      own().children += 1;
      own().events += 9;
      return runIn(type, args[0]);
    },
  };
  return { ...actual, ...fakes } as unknown as typeof actual;
});

const WORKFLOWS: Readonly<Record<string, (input: never) => Promise<unknown>>> = { tableGroup, proofGroup };

function runIn(type: string, input: unknown): Promise<unknown> {
  const history = new History();
  world.histories.push(history);
  const work = WORKFLOWS[type] ?? expect.unreachable(`a child of the type ${type}`);
  return running.run(history, () => work(input as never));
}

const PAGE = 200;
const SNAPSHOT = { queue: 'own', snapshotId: 's', position: 'p', consistent: true, detail: '' };
const COPIED = { rows: 1, bytes: 1, quarantined: 0, changed: 0, milliseconds: 1, chunks: 3 };

interface Ran<T> {
  readonly result: T;
  readonly own: History;
  readonly children: readonly History[];
}

/** A phase of a migration of so many large tables, of which one differs in the proof and one cannot be copied. */
async function phaseOf<T>(count: number, run: () => Promise<T>, differs: (table: string) => boolean): Promise<Ran<T>> {
  const names = Array.from({ length: count }, (_, at) => `t${String(at)}`);
  const tables = names.map((name) => ({ source: { schema: 's', name }, estimatedRows: 1e6 }));
  const refs = names.map((name) => ({ table: `s.${name}`, rows: 1e6 }));
  const tasks: readonly GraphTask[] = toGraphTasks(draftTasks({ tables } as unknown as MigrationMapping), refs);
  const slice = tasks.filter(({ action }) => action !== 'verify' && action !== 'promote');
  world.answer = (name, input) => {
    const { offset = 0, table = '', repair = false } = input as { offset?: number; table?: string; repair?: boolean };
    const proven = {
      source: table,
      equal: repair || !differs(table),
      targetRows: 1,
      quarantinedRows: 0,
      changedValues: 0,
    };
    const answers: Readonly<Record<string, unknown>> = {
      readPlanTasks: { tasks: slice.slice(offset, offset + PAGE) },
      listPlanTables: { tables: refs.slice(offset, offset + PAGE) },
      openCopySnapshot: SNAPSHOT,
      openProofSnapshot: SNAPSHOT,
      cutTable: { chunks: 3, done: 0, rows: 1 },
      copyChunk: COPIED,
      sealTable: COPIED,
      proveTable: { ...proven, findings: [] },
      catchUp: { chunks: 0 },
      listChecks: { checks: [] },
    };
    return answers[name] ?? { findings: [] };
  };
  world.histories.length = 0;
  const own = new History();
  const result = await running.run(own, run);
  return { result, own, children: world.histories as History[] };
}

const plan = { migrationId: 'm', planId: 'p', catalogueId: 'c', paused: false };
const copied = (count: number): ReturnType<typeof phaseOf<Awaited<ReturnType<typeof execution>>>> =>
  phaseOf(
    count,
    () => execution(plan),
    () => false,
  );
const proven = (
  count: number,
  differs: (table: string) => boolean,
): ReturnType<typeof phaseOf<Awaited<ReturnType<typeof verification>>>> =>
  phaseOf(count, () => verification({ ...plan, round: 1 }), differs);

/** A third of what Temporal lets a history hold. */
const EVENTS_MAX = 17_000;

describe('3,000 large tables', () => {
  it('are copied in histories that stay far below what Temporal holds', async () => {
    const { result, own, children } = await copied(3000);
    expect(result).toMatchObject({ rows: 3000, failed: [] });
    expect(own.children).toBe(30);
    expect(own.events).toBeLessThan(2000);
    expect(own.asked.get('buildKeys')).toBeUndefined();
    expect(own.asked.get('addForeignKeys')).toBe(1);
    for (const child of children) expect(child.events).toBeLessThan(EVENTS_MAX);
    expect(children.reduce((sum, { asked }) => sum + (asked.get('buildKeys') ?? 0), 0)).toBe(3000);
  });

  it('are proven so too, each once, and those that differ are copied again', async () => {
    const { result, own, children } = await proven(3000, (table) => table.endsWith('7'));
    expect(result).toMatchObject({ equal: true, tables: 3000, rows: 3000, repaired: true });
    expect(own.events).toBeLessThan(EVENTS_MAX);
    for (const child of children) expect(child.events).toBeLessThan(EVENTS_MAX);
    const all = [own, ...children].reduce((sum, { asked }) => sum + (asked.get('proveTable') ?? 0), 0);
    expect(all).toBe(3000 + 300);
    const every = await proven(3000, () => true);
    expect(every.result).toMatchObject({ equal: true, tables: 3000 });
    for (const { events } of [every.own, ...every.children]) expect(events).toBeLessThan(EVENTS_MAX);
  });

  it('are done in the phase itself where they are 500, as they ever were', async () => {
    const { own, children } = await copied(500);
    expect([own.children, children.length]).toEqual([0, 0]);
    expect(own.asked.get('buildKeys')).toBe(500);
    expect((await proven(500, () => false)).own.children).toBe(0);
  });
});
