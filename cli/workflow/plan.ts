import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { CaravanFailure } from '../../contracts/failures.js';
import { planAllocation } from '../../language/allocation.js';
import { describeWarning } from '../../language/planner/problems.js';
import type { CliContext } from '../cli-context.js';
import { planFile } from './plan-file.js';
import { registered } from './registered.js';
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
  const planned = await planFile(context, file);
  if (planned.definition === undefined) return tellProblems(context, { file, problems: planned.problems, json });
  const { definition, hash, warnings } = planned;
  const { agentLeaseSeconds: lease } = context.config.engine;
  const agents = await registered(context, 'agents', (store) => store.engine.agents.living(lease));
  const plan = { ...planned.plan, ...(agents && { allocation: planAllocation(definition, agents) }) };
  if (json) context.print(JSON.stringify({ hash, plan, warnings: warnings.map(describeWarning) }));
  else for (const line of renderPlan(plan, warnings)) context.print(line);
  return 0;
}

export type GraphFormat = 'text' | 'mermaid' | 'svg';

/** `caravan workflow graph FILE`: the graph as a drawing, on standard output or in a file. 0, or 2 as `plan`. */
export async function runWorkflowGraph(
  context: CliContext,
  file: string,
  { format = 'text', out }: { format?: GraphFormat; out?: string },
): Promise<number> {
  const planned = await planFile(context, file);
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
