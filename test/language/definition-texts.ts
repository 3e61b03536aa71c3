import type { DefinitionProblem } from '../../language/definition.js';
import { checkDefinition } from '../../language/definition.js';

/** The example of the language's first description, word for word. */
export const RESEARCH = `workflow:
  name: research
  version: "1.0.0"
  orchestration_pattern: supervisor
  agents:
    supervisor: {type: coordinator, capabilities: [planning], resources: {cpu: "500m", memory: "512Mi"}}
    researcher: {type: research, count: 3, capabilities: [search_web], resources: {cpu: "1", memory: "1Gi"}}
  tasks:
    - {id: decompose, agent: supervisor, timeout: 60, retry_policy: exponential_backoff}
    - {id: research, agent: researcher, depends_on: [decompose], parallel: true}
    - {id: synthesize, agent: supervisor, depends_on: [research]}
  coordination: {type: hybrid, event_driven: [task_completed, "data arrives"], graph_based: [decompose]}
  fault_tolerance: {circuit_breaker: {failure_threshold: 5, timeout_seconds: 60}, saga_pattern: {compensation_enabled: true, rollback_on_failure: true}}
`;

/** A definition with these tasks, as lines; its first task stands in line 5. */
export function withTasks(...tasks: readonly string[]): string {
  return [
    'name: test',
    'orchestration_pattern: supervisor',
    'agents: {one: {type: worker}, two: {type: worker}}',
    'tasks:',
    ...tasks.map((task) => `  - ${task}`),
    '',
  ].join('\n');
}

export function problemsOf(source: string | Uint8Array | object): readonly DefinitionProblem[] {
  return checkDefinition(source).problems;
}

/** As "line:column message (hint)". */
export function toldOf(source: string | Uint8Array | object): string[] {
  return problemsOf(source).map(
    ({ line, column, message, hint }) => `${String(line)}:${String(column)} ${message} (${hint})`,
  );
}
