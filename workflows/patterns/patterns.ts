import type { OrchestrationPattern } from '../../contracts/definition.js';
import type { Engine } from '../graph/engine.js';
import { handoff } from './handoff.js';
import { hierarchical } from './hierarchical.js';
import { network } from './network.js';
import { PatternRun } from './pattern-run.js';
import { supervisor } from './supervisor.js';
import { swarm } from './swarm.js';

type Pattern = (run: PatternRun) => Promise<void>;

/** A registered pattern is a template: what it expands to is a graph, and runs as one. */
const custom: Pattern = (run) => run.run();

const PATTERNS: Readonly<Record<OrchestrationPattern, Pattern>> = {
  supervisor,
  hierarchical,
  handoff,
  swarm,
  network,
  custom,
};

export async function runPattern(engine: Engine): Promise<void> {
  await PATTERNS[engine.opened.pattern](new PatternRun(engine));
}
