import { describeWarning } from '../../language/planner/problems.js';
import type { PlanWarning } from '../../language/planner/problems.js';
import type { PlannedGraph } from '../../language/planner/types.js';
import { bytesText, countText, printable, secondsText, textTable } from '../text-table.js';

/** Names of a list that are told. */
const TOLD = 10;

/** What `caravan workflow plan` tells a person: how long, on which way, with whom, and what could be better. */
export function renderPlan(plan: PlannedGraph, warnings: readonly PlanWarning[] = []): string[] {
  const { resources, estimates, waves } = plan;
  const sources = Object.entries(estimates).filter(([, count]) => count > 0);
  return [
    `${printable(plan.name)}: ${countText(plan.tasks.length)} tasks in ${countText(waves.length)} waves`,
    ...textTable([
      ['duration', `${secondsText(plan.duration.seconds)} with the declared agents`],
      ['at least', `${secondsText(plan.duration.unlimitedSeconds)} with agents without end`],
      ['estimates', sources.map(([source, count]) => `${countText(count)} ${source}`).join(', ') || 'none'],
      ['agents', amounts(`${countText(resources.total.agents)} declared`, resources.total)],
      ['peak', amounts(`${countText(resources.peak.tasks)} tasks at once`, resources.peak)],
      ['critical path', named(plan.criticalPath.tasks, ' → ')],
    ]),
    '',
    ...tasksTable(plan),
    ...section('agents', allocationLines(plan)),
    ...section('hints', hintLines(plan)),
    ...section(
      'warnings',
      warnings.map((warning) => printable(describeWarning(warning))),
    ),
  ];
}

function amounts(what: string, { cpu, memory }: { readonly cpu: number; readonly memory: number }): string {
  const parts = [what];
  if (cpu > 0) parts.push(`${String(cpu / 1000)} cores`);
  if (memory > 0) parts.push(bytesText(memory));
  return parts.join(', ');
}

function named(names: readonly string[], between: string): string {
  const more = names.length > TOLD ? [`… ${countText(names.length - TOLD)} more`] : [];
  return [...names.slice(0, TOLD).map(printable), ...more].join(between);
}

function tasksTable({ tasks, criticalPath }: PlannedGraph): string[] {
  const critical = new Set(criticalPath.tasks);
  const rows = [...tasks]
    .sort((a, b) => a.startSeconds - b.startSeconds || a.wave - b.wave)
    .map((task) => [
      `${critical.has(task.id) ? '*' : ' '} ${printable(task.id)}`,
      printable(task.agent),
      String(task.wave + 1),
      secondsText(task.startSeconds),
      secondsText(task.estimateSeconds),
      secondsText(task.slackSeconds),
    ]);
  return textTable([['  task', 'agent', 'wave', 'start', 'takes', 'slack'], ...rows], [2, 3, 4, 5]);
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

function allocationLines({ allocation }: PlannedGraph): string[] {
  if (allocation === undefined) return [];
  return [
    ...allocation.allocated.map(({ agent, agentIds }) => `${printable(agent)}: ${named(agentIds, ', ') || 'none'}`),
    ...allocation.lacking.map(
      ({ agent, wanted, allocated, reason }) =>
        `${printable(agent)}: ${countText(wanted - allocated)} of ${countText(wanted)} lack (${reason})`,
    ),
  ];
}

function hintLines({ hints }: PlannedGraph): string[] {
  const redundant = hints.redundant?.map(({ task, dependency }) => `${task} on ${dependency}`);
  return [
    ...hints.limitedByCount.map(
      ({ agent, wave, wanted, count }) =>
        `wave ${countText(wave + 1)} could use ${countText(wanted)} of "${printable(agent)}"; there are ${countText(count)}`,
    ),
    ...hints.split.map(
      ({ task, share }) =>
        `"${printable(task)}" is ${(share * 100).toFixed(0)} % of the critical path: for_each could split it`,
    ),
    ...(redundant === undefined ? ['too many dependencies to look for redundant ones'] : []),
    ...(redundant?.length ? [`dependencies that hold anyway: ${named(redundant, ', ')}`] : []),
  ];
}
