import type { ExecutionEventKind } from '../../contracts/executions.js';
import type { ReceivedEvent } from '../../contracts/execution-messages.js';
import type { Engine } from './engine.js';

/** What the definition says about an event: tasks released before their turn, given to another agent, planned anew. */
export async function applyRules(engine: Engine, event: ReceivedEvent): Promise<void> {
  const { opened, values, routes, memory, events, pool } = engine;
  for (const rule of opened.events) {
    if (
      rule.on !== event.type ||
      (rule.when !== undefined && !(await values.isTrue(rule.when, { event: event.data ?? null })))
    )
      continue;
    const { release = [], reroute, replan } = rule;
    for (const id of release) memory.release(id);
    if (reroute !== undefined) {
      engine.typeOf(reroute.agent);
      routes.set(reroute.task, { ...routes.get(reroute.task), agent: reroute.agent });
    }
    if (reroute === undefined && replan !== true && release.length === 0) continue;
    if (replan === true) await engine.reallocate();
    events.add('workflow.replanned', {
      data: { reason: 'event', type: event.type, release, reroute: reroute ?? null, agents: pool.all.length },
    });
  }
}

/** Events of the execution's own that rules may name, beside those of the outside. */
const OWN: readonly ExecutionEventKind[] = [
  'agent.lost',
  'agent.circuit_opened',
  'agent.circuit_closed',
  'task.failed',
  'task.completed',
  'task.skipped',
];

/** Applies the rules for an event of the execution's own. */
export function watchOwnEvents(engine: Engine, failed: (error: unknown) => void): void {
  const named = new Set<string>(engine.opened.events.map(({ on }) => on));
  if (named.size === 0) return;
  engine.events.listen(({ kind, taskId, data }) => {
    if (!named.has(kind) || !OWN.includes(kind)) return;
    applyRules(engine, { type: kind, data: { ...data, ...(taskId === undefined ? {} : { task: taskId }) } }).catch(
      failed,
    );
  });
}
