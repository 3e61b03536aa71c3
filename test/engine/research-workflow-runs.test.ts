import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { viewEngine } from './engine-harness.js';
import type { EngineView } from './engine-harness.js';

const unique = (name: string): string => `${name}-${Math.random().toString(36).slice(2, 8)}`;

/** The seed's research workflow, as it stands, but for the names of the agents' types, which this test alone plays. */
const research = (coordinator: string, researcher: string): string => `
workflow:
  name: research
  version: "1.0.0"
  orchestration_pattern: supervisor
  agents:
    supervisor: {type: ${coordinator}, count: 1, capabilities: [planning], resources: {cpu: "500m", memory: "512Mi"}}
    researcher: {type: ${researcher}, count: 3, capabilities: [search], resources: {cpu: "1", memory: "1Gi"}}
  tasks:
    - {id: decompose, agent: supervisor, timeout: 60, retry_policy: exponential_backoff}
    - {id: research, agent: researcher, depends_on: [decompose], parallel: true, timeout: 60, input: {topics: "\${{ tasks.decompose.output.topics }}"}}
    - {id: synthesize, agent: supervisor, depends_on: [research], input: {found: "\${{ tasks.research.output }}"}}
  coordination: {type: hybrid, event_driven: [agent_status], graph_based: [dependencies]}
  fault_tolerance:
    circuit_breaker: {failure_threshold: 5, timeout_seconds: 60}
    saga_pattern: {compensation_enabled: true, rollback_on_failure: true}
`;

describe('the research workflow', () => {
  let engine: EngineView;

  beforeAll(async () => {
    engine = await viewEngine();
  });
  afterAll(async () => {
    await engine.close();
  });

  it('decomposes, researches with three agents at once, and synthesizes what they found', async () => {
    const coordinator = unique('coordinator');
    const researcher = unique('research');
    const supervisor = await engine.agent(
      coordinator,
      ({ taskId, input }) => (taskId === 'decompose' ? { topics: ['a', 'b', 'c'] } : { summary: input }),
      { capabilities: ['planning'] },
    );
    const researchers = await Promise.all(
      [1, 2, 3].map(() =>
        engine.agent(researcher, ({ context }) => ({ part: context.part }), { capabilities: ['search'] }),
      ),
    );
    const { result, executionId } = await engine.start(research(coordinator, researcher));
    const { status, output } = await result;
    expect(status).toBe('completed');
    expect(supervisor.asked.map(({ taskId }) => taskId)).toEqual(['decompose', 'synthesize']);
    expect(researchers.map(({ asked }) => asked.length)).toEqual([1, 1, 1]);
    expect(researchers[0]?.asked[0]?.input).toEqual({ topics: ['a', 'b', 'c'] });
    expect(output['research']).toEqual([0, 1, 2].map((index) => ({ part: { index, of: 3 } })));
    const row = await engine.store.engine.executions.get(executionId);
    expect(row?.projection).toMatchObject({ status: 'completed', counts: { done: 3 } });
    expect(row?.closedAt).not.toBeNull();
  });
});
