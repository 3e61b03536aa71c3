import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { RegisteredAgent } from '../../contracts/agents.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { planAllocation } from '../../language/allocation.js';
import { describeWarning } from '../../language/planner/problems.js';
import { readLivingStack } from '../../platform/local-stack/stack-state.js';
import type { CliContext } from '../cli-context.js';
import { openStoreAt } from '../session.js';
import { planFile } from './plan-file.js';
import { renderMermaid } from './render-mermaid.js';
import { renderPlan } from './render-plan.js';
import { renderSvg } from './render-svg.js';
import { renderText } from './render-text.js';
import { tellProblems } from './validate.js';

/**
 * `caravan workflow plan FILE`: order, waves, critical path, duration, and who would play which agent where a stack
 * runs. 0, or 2 with every problem in its place. With `json` one line: {hash, plan, warnings}, or that of `validate`.
 */
export async function runWorkflowPlan(
  context: CliContext,
  file: string,
  { json = false }: { json?: boolean },
): Promise<number> {
  const planned = planFile(context.cwd, file);
  if (planned.definition === undefined) return tellProblems(context, { file, problems: planned.problems, json });
  const { definition, hash, warnings } = planned;
  const agents = await registeredAgents(context);
  const plan = { ...planned.plan, ...(agents && { allocation: planAllocation(definition, agents) }) };
  if (json) context.print(JSON.stringify({ hash, plan, warnings: warnings.map(describeWarning) }));
  else for (const line of renderPlan(plan, warnings)) context.print(line);
  return 0;
}

/** Undefined: no stack runs here. A plan starts none. */
async function registeredAgents({ config, tell }: CliContext): Promise<readonly RegisteredAgent[] | undefined> {
  const databaseUrl = readLivingStack(config.home)?.databaseUrl ?? config.databaseUrl;
  if (databaseUrl === null) return undefined;
  try {
    const store = await openStoreAt(config, databaseUrl);
    try {
      return await store.engine.agents.living(config.engine.agentLeaseSeconds);
    } finally {
      await store.close();
    }
  } catch (error) {
    if (!(error instanceof CaravanFailure)) throw error;
    tell(`registered agents are not known: ${error.message}`);
    return undefined;
  }
}

export type GraphFormat = 'text' | 'mermaid' | 'svg';

/** `caravan workflow graph FILE`: the graph as a drawing, on standard output or in a file. 0, or 2 as `plan`. */
export function runWorkflowGraph(
  context: CliContext,
  file: string,
  { format = 'text', out }: { format?: GraphFormat; out?: string },
): number {
  const planned = planFile(context.cwd, file);
  if (planned.definition === undefined) return tellProblems(context, { file, problems: planned.problems, json: false });
  const { plan } = planned;
  const drawing = {
    text: () => lines(renderText(plan)),
    mermaid: () => lines(renderMermaid(plan)),
    svg: () => renderSvg(plan),
  };
  const drawn = drawing[format]();
  if (out === undefined) context.print(drawn.trimEnd());
  else write(resolve(context.cwd, out), drawn);
  return 0;
}

const lines = (drawn: readonly string[]): string => drawn.map((line) => `${line}\n`).join('');

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    const seen = `the system says ${(error as NodeJS.ErrnoException).code ?? 'no'}`;
    throw new CaravanFailure('USAGE', { attempted: 'write', on: path, seen, next: 'Name another --out.' });
  }
}
