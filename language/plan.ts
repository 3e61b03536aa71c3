import type { PlanDocument } from '../contracts/definition.schema.js';
import { PLAN_VERSION, planDocument } from '../contracts/definition.schema.js';
import { againstSchema, inOrder, located, refuse, unwrapped } from './check-document.js';
import { withoutReasons } from '../contracts/reasons.js';
import { yamlOf } from './definition.js';
import type { Comment } from './definition.js';
import { RuleProblems, isRaw } from './definition-raw.js';
import type { RuleProblem } from './definition-raw.js';
import { readDocument } from './read-document.js';

/**
 * A migration plan, and nothing else, from its YAML or JSON. Every problem is told at once, each with line, column and
 * what to do. `from`: its file, to be named where it is refused.
 * @throws CaravanFailure PLAN_INVALID, PLAN_VERSION
 */
export function parsePlan(text: string, from?: string): PlanDocument {
  const plan = { what: 'plan', from } as const;
  const read = readDocument(text);
  const { value, path, problems } = unwrapped(read, 'plan');
  if (!isRaw(value)) return refuse('PLAN_INVALID', plan, inOrder(problems));
  const version = value['caravan_plan'];
  if (typeof version === 'number' && version !== PLAN_VERSION) {
    const message = `caravan_plan is ${String(version)}, and this build reads ${String(PLAN_VERSION)}`;
    const problem = { path: [...path, 'caravan_plan'], message, hint: 'make the plan again' };
    return refuse('PLAN_VERSION', plan, [located(read, problem)]);
  }
  const { data, problems: wrong } = againstSchema(planDocument, value, { read, path, whole: 'plan' });
  const loose =
    data === undefined ? [] : looseEnds(data).map((end) => located(read, { ...end, path: [...path, ...end.path] }));
  const told = [...problems, ...wrong, ...loose];
  if (data === undefined || told.length > 0) return refuse('PLAN_INVALID', plan, inOrder(told));
  return data;
}

/** Tasks that stand twice, wait for one that is not there, or are given to an agent that is not there; the first of them. */
function looseEnds({ tasks, agents }: PlanDocument): readonly RuleProblem[] {
  const ids = new Set(tasks.map(({ id }) => id));
  const names = new Set(Object.keys(agents));
  const met = new Set<string>();
  const problems = new RuleProblems();
  const otherwise = 'correct or remove it';
  for (const [at, { id, agent, depends_on: waitsFor }] of tasks.entries()) {
    const path = ['tasks', at];
    if (met.has(id)) problems.add([...path, 'id'], `a task above is "${id}", too`, otherwise);
    met.add(id);
    if (!names.has(agent))
      problems.unknown([...path, 'agent'], { message: `there is no agent "${agent}"`, word: agent, names, otherwise });
    for (const [place, other] of waitsFor.entries())
      if (!ids.has(other))
        problems.unknown([...path, 'depends_on', place], {
          message: `there is no task "${other}"`,
          word: other,
          names: ids,
          otherwise,
        });
  }
  return problems.all;
}

const HEADER = `# A plan of Caravan: what becomes of every table, and in which order.
# Change it, give it back with "caravan migrate --plan FILE", and it is checked against the source before anything runs.
# - To leave a table out, remove it from migration.tables; its tasks go with it.
# - The comment in front of a column says why it became what it is. Comments change nothing, nor does confidence.
# - notMigrated lists what stays behind, and why.
`;

/**
 * The plan as YAML, fields in the schema's order, with its reasons as comments in front of what they explain; parsePlan
 * gives the same document back, without reasons.
 */
export function writePlan(document: PlanDocument): string {
  const whole = planDocument.parse(document);
  const comments = whole.migration.tables.flatMap(({ columns, format }, table): Comment[] => [
    ...columns.map(({ reasons }, at) => ({ path: [table, 'columns', at], lines: reasons })),
    ...(format?.files ?? []).map(({ reasons }, at) => ({ path: [table, 'format', 'files', at], lines: reasons })),
  ]);
  return HEADER + yamlOf(withoutReasons(whole), comments.map(inTables));
}

function inTables({ path, lines }: Comment): Comment {
  return { path: ['migration', 'tables', ...path], lines };
}
