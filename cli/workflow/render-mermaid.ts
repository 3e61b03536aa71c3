import type { PlannedGraph } from '../../language/planner/types.js';

/** The graph as a Mermaid flow chart; arrows lead from a task to what waits for it. */
export function renderMermaid({ tasks, criticalPath }: PlannedGraph): string[] {
  const node = new Map(tasks.map(({ id }, position) => [id, `n${String(position)}`]));
  const name = (id: string): string => node.get(id) ?? '';
  const critical = criticalPath.tasks.map(name);
  return [
    'flowchart LR',
    ...tasks.map(({ id, agent, pivot }) => {
      const label = `"${escaped(id)}<br/>${escaped(agent)}"`;
      return `  ${name(id)}${pivot === true ? `[[${label}]]` : `[${label}]`}`;
    }),
    ...tasks.flatMap(({ id, dependsOn }) => dependsOn.map((before) => `  ${name(before)} --> ${name(id)}`)),
    ...(critical.length === 0
      ? []
      : ['  classDef critical stroke-width:3px', `  class ${critical.join(',')} critical`]),
  ];
}

/** Whatever is no plain letter, digit or mark is given by its number: nothing of a name is read as Mermaid or HTML. */
function escaped(text: string): string {
  return text.replace(/[^\p{L}\p{M}\p{N} .,_:/()-]/gu, (character) => `#${String(character.codePointAt(0))};`);
}
