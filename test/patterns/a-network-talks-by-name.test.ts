import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunTask } from '../../contracts/agents.js';
import { viewEngine } from '../engine/engine-harness.js';
import type { EngineView } from '../engine/engine-harness.js';
import { eventsOf, exampleOf, idsOf, play } from './examples.js';

const ALARM = { alarm: 'checkout is slow' };
const inboxOf = ({ context }: RunTask): unknown => (context.shared as { inbox?: unknown } | undefined)?.inbox;
const say = (to: string, body: unknown): object => ({ messages: [{ to, body }] });

describe('the pattern network, by its example', () => {
  let engine: EngineView;

  beforeAll(async () => {
    engine = await viewEngine();
  });
  afterAll(async () => {
    await engine.close();
  });

  it('brings messages to all others and to one by name, with the next task or, where there is none, by themselves', async () => {
    const example = exampleOf('patterns/network.yaml');
    const agents = await play(engine, example, {
      web: ({ taskId, context }) => {
        if (context.purpose === 'message') return null;
        return taskId === 'look_at_web' ? say('*', 'slow since 9:00') : say('transport', 'what changed at 9:00?');
      },
      database: () => say('web', 'no locks'),
      transport: ({ context }) => (context.purpose === 'message' ? say('web', 'a firewall rule') : null),
    });
    const { result, executionId } = await engine.start(example.yaml, ALARM);
    expect((await result).tasks).toMatchObject({ done: 4 });
    const [database] = agents['database'] ?? [];
    const [transport] = agents['transport'] ?? [];
    const [web] = agents['web'] ?? [];
    const toAll = { from: 'web', body: 'slow since 9:00' };
    expect(database?.asked.map(inboxOf)).toEqual([[{ ...toAll, to: 'database' }]]);
    expect(transport?.asked.map(inboxOf)).toEqual([
      [{ ...toAll, to: 'transport' }],
      [{ from: 'web', to: 'transport', body: 'what changed at 9:00?' }],
    ]);
    expect(idsOf(agents['transport'])).toEqual(['look_at_transport', 'messages/transport/1']);
    expect(web?.asked.map(inboxOf)).toEqual([
      [],
      [{ from: 'database', to: 'web', body: 'no locks' }],
      [{ from: 'transport', to: 'web', body: 'a firewall rule' }],
    ]);
    const told = await eventsOf(engine, executionId, 'agent.message');
    expect(told).toHaveLength(5);
    expect(told.every(({ delivered }) => delivered === true)).toBe(true);
  });

  it('tells in its events that a message to an unknown name was not delivered, and goes on', async () => {
    const example = exampleOf('patterns/network.yaml');
    await play(engine, example, {
      web: ({ taskId }) => (taskId === 'look_at_web' ? say('security', 'is this an attack?') : null),
      database: () => null,
      transport: () => null,
    });
    const { result, executionId } = await engine.start(example.yaml, ALARM);
    expect((await result).tasks).toMatchObject({ done: 4 });
    expect(await eventsOf(engine, executionId, 'agent.message')).toEqual([
      { from: 'web', to: 'security', delivered: false },
    ]);
  });

  it('ends the talk after the rounds that the definition allows', async () => {
    const example = exampleOf('patterns/network.yaml');
    const echo = ({ context }: RunTask): unknown => (context.purpose === 'message' ? say('database', 'and?') : null);
    const agents = await play(engine, example, {
      web: () => null,
      database: () => say('database', 'thinking aloud'),
      transport: echo,
    });
    const { result } = await engine.start(example.yaml, ALARM);
    expect((await result).tasks).toMatchObject({ done: 4 });
    expect(idsOf(agents['database'])).toEqual([
      'look_at_database',
      ...[1, 2, 3, 4].map((round) => `messages/database/${String(round)}`),
    ]);
  });
});
