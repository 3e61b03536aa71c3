import { LineCounter, parseDocument } from 'yaml';
import { checkDefinition } from '../../language/definition.js';
import { planDefinition } from '../../language/plan-definition.js';
import { lessAgainst } from '../lines.js';
import type { BenchLine } from '../lines.js';
import { WrongResult } from '../wrong-result.js';
import { medianOf } from './stack.js';

/** Ours may take this many times what the parser alone takes. */
const TIMES = 1.5;

export interface PlanYamlOptions {
  readonly name: string;
  readonly tasks: number;
  /** Of ours and of the parser, in turns. */
  readonly runs: number;
  readonly tell: (text: string) => void;
}

interface Took {
  readonly ms: number;
  readonly cpuMs: number;
}

/** From a YAML text to its plan, against the parser's own way from the text to its document with places. */
export function benchPlanYaml({ name, tasks, runs, tell }: PlanYamlOptions): BenchLine {
  const text = textOf(tasks);
  const ours: Took[] = [];
  const parser: Took[] = [];
  for (let run = 0; run <= runs; run += 1) {
    tell(`${name}: ${String(run)} of ${String(runs)}`);
    const own = took(() => planOf(text, tasks));
    const alone = took(() => {
      const { contents } = parseDocument(text, { lineCounter: new LineCounter() });
      if (contents === null) throw new WrongResult('the parser gave nothing. No figure is printed.');
    });
    // The first of each compiles the code.
    if (run === 0) continue;
    ours.push(own);
    parser.push(alone);
  }
  const median = (all: readonly Took[], of: keyof Took): number => medianOf(all.map((one) => one[of]));
  const cpu = `CPU ${median(ours, 'cpuMs').toFixed(1)} ms against ${median(parser, 'cpuMs').toFixed(1)} ms`;
  const note = `p50 of ${String(runs)} runs in turns, ${String(tasks)} tasks in ${String(text.length)} bytes; ${cpu}`;
  return lessAgainst(
    { bench: 'engine', case: name, value: median(ours, 'ms'), unit: 'ms', note },
    { name: 'yaml alone, parseDocument', value: median(parser, 'ms'), goal: Math.floor(100 / TIMES) / 100 },
  );
}

function planOf(text: string, tasks: number): void {
  const { definition, problems } = checkDefinition(text);
  const { plan } = definition === undefined ? { plan: null } : planDefinition(definition);
  if (plan?.order.length === tasks && plan.waves.length > 1) return;
  throw new WrongResult(`the plan has not its tasks: ${JSON.stringify(problems.slice(0, 3))}. No figure is printed.`);
}

function took(work: () => void): Took {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  work();
  const ms = performance.now() - begun;
  const { user, system } = process.cpuUsage(cpu);
  return { ms, cpuMs: (user + system) / 1000 };
}

/** Short lines: 100,000 tasks stay below what a text may have. */
function textOf(tasks: number): string {
  const id = (at: number): string => `x${at.toString(36)}`;
  const lines = Array.from({ length: tasks }, (_, at) => {
    const after = at % 4 === 0 ? '' : `, depends_on: [${id(Math.floor(at / 4))}]`;
    return `  - {id: ${id(at)}, agent: a${after}}\n`;
  });
  return `name: plan\norchestration_pattern: swarm\nagents: {a: {type: t, count: 8}}\ntasks:\n${lines.join('')}`;
}
