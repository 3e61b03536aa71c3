import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { pythonAgent, serveAgents, startAgentProcess } from './agent-processes.js';
import type { AgentProcess, AgentsApi } from './agent-processes.js';
import { viewEngine } from './engine-harness.js';
import type { EngineView } from './engine-harness.js';

const snake = await pythonAgent();
const title = 'missing' in snake ? `SKIPPED, ${snake.missing}` : 'TypeScript and Python';

/** The seed's research workflow, but for the names of the agents' types and what is handed on. */
const research = (coordinator: string, researcher: string): string => `
workflow:
  name: research
  version: "1.0.0"
  orchestration_pattern: supervisor
  agents:
    supervisor: {type: ${coordinator}, count: 1, capabilities: [planning]}
    researcher: {type: ${researcher}, count: 3, capabilities: [search_web]}
  tasks:
    - {id: decompose, agent: supervisor, timeout: 60, retry_policy: exponential_backoff, input: {topic: "\${{ input.topic }}"}}
    - {id: research, agent: researcher, depends_on: [decompose], parallel: true, timeout: 60, input: {plan: "\${{ tasks.decompose.output.input }}"}}
    - {id: synthesize, agent: supervisor, depends_on: [research], input: {found: "\${{ tasks.research.output }}"}}
  coordination: {type: hybrid, event_driven: [agent_status], graph_based: [dependencies]}
  fault_tolerance:
    circuit_breaker: {failure_threshold: 5, timeout_seconds: 60}
    saga_pattern: {compensation_enabled: true, rollback_on_failure: true}
`;

describe(`agents in any language: ${title}`, () => {
  let engine: EngineView;
  let api: AgentsApi;
  const processes: AgentProcess[] = [];

  beforeAll(async () => {
    engine = await viewEngine();
    // The registry's own HTTP door is not part of this test; see serveAgents.
    api = await serveAgents(engine.store.engine, 45);
  });
  afterAll(async () => {
    await Promise.all(processes.map((each) => each.stop()));
    await api.close();
    await engine.close();
  });

  it.skipIf('missing' in snake)(
    'do the research workflow together, each its part, and end their registration',
    async () => {
      const suffix = Math.random().toString(36).slice(2, 8);
      const [coordinator, researcher] = [`coordinator-${suffix}`, `research-${suffix}`];
      const home = inject('sharedHome');
      const start = async (type: string, capability: string, command?: readonly string[]): Promise<string> => {
        const environment = { AGENT_CAPABILITIES: capability };
        const started = await startAgentProcess(engine.store.engine, {
          home,
          api,
          type,
          environment,
          ...(command && { command }),
        });
        processes.push(started);
        return started.id;
      };
      const supervisor = await start(coordinator, 'planning');
      const researchers = [
        await start(researcher, 'search_web'),
        await start(researcher, 'search_web'),
        await start(researcher, 'search_web', 'command' in snake ? snake.command : []),
      ];
      const { result } = await engine.start(research(coordinator, researcher), { topic: 'moving house' });
      const { status, output } = await result;
      expect(status).toBe('completed');
      const found = [0, 1, 2].map((index) => ({
        by: expect.any(String) as string,
        taskId: `research[${String(index)}]`,
        input: { plan: { topic: 'moving house' } },
      }));
      expect(output).toMatchObject({ synthesize: { by: supervisor, input: { found } } });
      const { input } = output['synthesize'] as { input: { found: { by: string }[] } };
      expect(input.found.map(({ by }) => by).sort()).toEqual([...researchers].sort());
      await Promise.all(processes.map((each) => each.stop()));
      const living = await engine.store.engine.agents.living(45);
      expect(living.filter(({ type }) => type === coordinator || type === researcher)).toEqual([]);
    },
  );
});
