import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { isBuiltIn } from '../../contracts/agents.js';
import type { StoredEvent } from '../../platform/store/engine/events.js';
import type { AgentWork, EngineView, TestAgent } from '../engine/engine-harness.js';
import { unique } from '../engine/graphs.js';

const root = fileURLToPath(new URL('../../examples/', import.meta.url));

interface ExampleAgent {
  type: string;
  readonly capabilities?: readonly string[];
}

/** An example as it stands in its file, but for the types of its agents, which this test alone plays. */
export interface Example {
  readonly yaml: string;
  /** By name, those of nested patterns too. */
  readonly agents: Readonly<Record<string, ExampleAgent>>;
}

export const fileOf = (path: string): string => readFileSync(`${root}${path}`, 'utf8');

export function exampleOf(path: string): Example {
  const document = parse(fileOf(path)) as unknown;
  const agents: Record<string, ExampleAgent> = {};
  renameTypes(document, agents);
  return { yaml: stringify(document), agents };
}

function renameTypes(value: unknown, found: Record<string, ExampleAgent>): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'agents') {
      for (const [name, agent] of Object.entries(inner as Record<string, ExampleAgent>)) {
        if (!isBuiltIn(agent.type)) agent.type = unique(agent.type);
        found[name] = agent;
      }
    } else renameTypes(inner, found);
  }
}

/** Starts an agent for each work: of the example's type, and with its capabilities. */
export async function play(
  engine: EngineView,
  { agents }: Example,
  works: Readonly<Record<string, AgentWork | readonly AgentWork[]>>,
): Promise<Readonly<Record<string, readonly TestAgent[]>>> {
  const started = Object.entries(works).map(async ([name, work]) => {
    const { type, capabilities = [] } = agents[name] ?? { type: name };
    const team = await Promise.all([work].flat().map((one) => engine.agent(type, one, { capabilities })));
    return [name, team] as const;
  });
  return Object.fromEntries(await Promise.all(started));
}

/** What the execution told of one kind, in order. */
export async function eventsOf(
  { store }: EngineView,
  executionId: string,
  kind: StoredEvent['kind'],
): Promise<readonly StoredEvent['data'][]> {
  const events = await store.engine.executions.events(executionId, { limit: 10_000 });
  return events.filter((event) => event.kind === kind).map(({ data }) => data);
}

export const idsOf = (agents: readonly TestAgent[] = []): string[] =>
  agents.flatMap(({ asked }) => asked.map(({ taskId }) => taskId));
