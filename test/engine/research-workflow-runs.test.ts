import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventsOf, exampleOf, play } from '../patterns/examples.js';
import { pythonAgent, serveAgents, startAgentProcess } from './agent-processes.js';
import type { AgentProcess, AgentsApi } from './agent-processes.js';
import { viewEngine } from './engine-harness.js';
import type { EngineView } from './engine-harness.js';

const snake = await pythonAgent();
const title = 'missing' in snake ? `SKIPPED with one of them in Python, ${snake.missing}` : 'one of them in Python';

describe(`the research workflow, by its example; ${title}`, () => {
  let engine: EngineView;
  let api: AgentsApi;
  const processes: AgentProcess[] = [];

  beforeAll(async () => {
    engine = await viewEngine();
    api = await serveAgents(engine.store.engine, 45);
  });
  afterAll(async () => {
    await Promise.all(processes.map((each) => each.stop()));
    await api.close();
    await engine.close();
  });

  const supervisor = ({ taskId, input }: { taskId: string; input: unknown }): unknown =>
    taskId === 'decompose' ? { topics: ['a', 'b', 'c'] } : { summary: input };
  const researcher = ({ context }: { context: { part?: unknown } }): unknown => ({ part: context.part });

  it('decomposes, researches with three agents at once, and synthesizes what they found', async () => {
    const example = exampleOf('research.yaml');
    const agents = await play(engine, example, { supervisor, researcher: [researcher, researcher, researcher] });
    const { result, executionId } = await engine.start(example.yaml, { topic: 'moving house' });
    const { status, output } = await result;
    expect(status).toBe('completed');
    expect(agents['supervisor']?.[0]?.asked.map(({ taskId, input }) => [taskId, input])).toEqual([
      ['decompose', { topic: 'moving house' }],
      ['synthesize', { found: output['research'] }],
    ]);
    expect(agents['researcher']?.map(({ asked }) => asked.length)).toEqual([1, 1, 1]);
    expect(agents['researcher']?.[0]?.asked[0]?.input).toEqual({ plan: { topics: ['a', 'b', 'c'] } });
    expect(output['research']).toEqual([0, 1, 2].map((index) => ({ part: { index, of: 3 } })));
    const row = await engine.store.engine.executions.get(executionId);
    expect(row?.projection).toMatchObject({ status: 'completed', counts: { done: 3 } });
    expect(row?.closedAt).not.toBeNull();
  });

  it.skipIf('missing' in snake)('does not care in which language a researcher is written', async () => {
    const example = exampleOf('research.yaml');
    const started = await startAgentProcess(engine.store.engine, {
      home: inject('sharedHome'),
      api,
      type: example.agents['researcher']?.type ?? '',
      environment: { AGENT_CAPABILITIES: 'search_web' },
      command: 'command' in snake ? snake.command : [],
    });
    processes.push(started);
    await play(engine, example, { supervisor, researcher: [researcher, researcher] });
    const { result, executionId } = await engine.start(example.yaml, { topic: 'moving house' });
    const { output } = await result;
    const found = output['research'] as { by?: string; part?: unknown }[];
    expect(found.filter(({ by }) => by === started.id)).toHaveLength(1);
    expect(found.filter(({ part }) => part !== undefined)).toHaveLength(2);
    expect(output['synthesize']).toEqual({ summary: { found } });
    expect(await eventsOf(engine, executionId, 'workflow.execution_finished')).toMatchObject([{ status: 'completed' }]);
  });
});
