import { describe, expect, it } from 'vitest';
import { layOut } from '../../cli/workflow/layout.js';
import { renderMermaid } from '../../cli/workflow/render-mermaid.js';
import { renderPlan } from '../../cli/workflow/render-plan.js';
import { renderSvg } from '../../cli/workflow/render-svg.js';
import { renderText } from '../../cli/workflow/render-text.js';
import { planGraph } from '../../language/planner/plan-graph.js';
import { agent, input, planned, randomGraph, SEEDS, task } from '../language/planner-fixtures.js';

/** The shape of a diamond, with an edge that passes a wave. */
const DIAMOND = input(
  [
    task('cut', [], { estimateSeconds: 2 }),
    task('left', ['cut'], { estimateSeconds: 8 }),
    task('right', ['cut'], { onEvent: 'paid' }),
    task('join', ['left', 'right', 'cut'], { pivot: true }),
  ],
  { agents: [agent('worker', { count: 1, resources: { cpu: 1500, memory: 2e9 } })] },
);

const HOSTILE = [
  '<script>alert(1)</script>',
  '"]; click n0 "javascript:alert(1)',
  "&amp;' onload='x",
  '\u001b[2J\u0007bell',
  'half \ud83d, \u0000 and \u202e back',
  ']]>',
  '#quot;#35;',
  'end',
];

/** Names of the elements, each closed in order; anything that is not well-formed throws. */
function elementsOf(xml: string): string[] {
  const names: string[] = [];
  const open: string[] = [];
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/u.test(xml) || !xml.isWellFormed())
    throw new Error('not XML');
  const tag = /<(?<end>\/?)(?<name>[a-z]+)(?: [\w:-]+="[^"<]*")*(?<alone>\/?)>/giu;
  for (const { groups } of xml.matchAll(tag)) {
    const name = groups?.['name'] ?? '';
    if (groups?.['end'] === '/') {
      if (open.pop() !== name) throw new Error(`</${name}> closes something else`);
      continue;
    }
    names.push(name);
    if (groups?.['alone'] !== '/') open.push(name);
  }
  const rest = xml.replace(tag, '');
  if (open.length > 0 || /[<>]|&(?!(?:amp|lt|gt|quot|#39);)/u.test(rest)) throw new Error('not well-formed');
  return names;
}

describe('a plan as text', () => {
  it('says how long, on which way, with whom, and what could be better', () => {
    const events = ['sent'];
    const available = { agents: [{ id: 'w-1', type: 'worker', capabilities: [], resources: {} }] };
    const given = { ...DIAMOND, events, available };
    const text = renderPlan(planned(given), planGraph(given).warnings);
    expect(text[0]).toBe('test: 4 tasks in 3 waves');
    expect(text).toContain('duration       12 s with the declared agents');
    expect(text).toContain('at least       11 s with agents without end');
    expect(text).toContain('agents         1 declared, 1.5 cores, 2.0 GB');
    expect(text).toContain('critical path  cut → left → join');
    expect(text.find((line) => line.includes('* left'))?.replace(/\s+/gu, ' ')).toBe(
      '* left worker 2 2.0 s 8.0 s 0.0 s',
    );
    expect(text).toContain('  worker: w-1');
    expect(text).toContain('  wave 2 could use 2 of "worker"; there are 1');
    expect(text).toContain('  "left" is 73 % of the critical path: for_each could split it');
    expect(text).toContain('  dependencies that hold anyway: join on cut');
    expect(text).toContain('  task "right" waits for the event "paid", which nothing emits');
  });

  it('says what lacks', () => {
    const available = { agents: [{ id: 'w-1', type: 'worker', capabilities: [], resources: {} }] };
    const agents = [agent('worker', { count: 3 })];
    expect(renderPlan(planned({ ...DIAMOND, agents, available }))).toContain('  worker: 2 of 3 lack (count)');
  });
});

describe('a graph', () => {
  it('as text has every wave, with what each task waits for', () => {
    expect(renderText(planned(DIAMOND))).toEqual([
      'wave 1',
      '  * cut (worker)',
      'wave 2',
      '  * left (worker)  ← cut',
      '    right (worker)  ← cut  on paid',
      'wave 3',
      '  * join (worker)  ← left, right, cut  pivot',
    ]);
  });

  it('as Mermaid has every task and every dependency once', () => {
    expect(renderMermaid(planned(DIAMOND))).toEqual([
      'flowchart LR',
      '  n0["cut<br/>worker"]',
      '  n1["left<br/>worker"]',
      '  n2["right<br/>worker"]',
      '  n3[["join<br/>worker"]]',
      ...['  n0 --> n1', '  n0 --> n2', '  n1 --> n3', '  n2 --> n3', '  n0 --> n3'],
      '  classDef critical stroke-width:3px',
      '  class n0,n1,n3 critical',
    ]);
  });

  it.each(SEEDS.slice(0, 20))(
    'as SVG is well-formed, with a box for each task and a line for each dependency (%i)',
    (seed) => {
      const plan = planned(randomGraph(seed, 30));
      const names = elementsOf(renderSvg(plan));
      expect(names.filter((name) => name === 'rect')).toHaveLength(plan.tasks.length);
      const edges = plan.tasks.reduce((sum, { dependsOn }) => sum + dependsOn.length, 0);
      expect(names.filter((name) => name === 'path')).toHaveLength(edges + 1);
    },
  );

  it.each(SEEDS.slice(0, 20))(
    'is laid out so that nothing stands on anything, and every edge leads one wave on (%i)',
    (seed) => {
      const { places, edges } = layOut(planned(randomGraph(seed, 30)));
      const taken = places.map(({ wave, row }) => `${String(wave)} ${String(row)}`);
      expect(new Set(taken).size).toBe(places.length);
      for (const way of edges) {
        way.slice(1).forEach((to, at) => {
          expect(places[to]?.wave).toBe((places[way[at] ?? 0]?.wave ?? NaN) + 1);
        });
      }
    },
  );

  it('of 20,000 tasks in a chain with a short cut is still drawn', () => {
    const count = 20_000;
    const tasks = Array.from({ length: count }, (_, at) =>
      task(`t${String(at)}`, at === 0 ? [] : at === count - 1 ? ['t0', `t${String(at - 1)}`] : [`t${String(at - 1)}`]),
    );
    expect(renderSvg(planned(input(tasks))).match(/<rect/gu)).toHaveLength(count);
  });

  it('of nothing is an empty drawing', () => {
    const empty = planned(input([]));
    expect(elementsOf(renderSvg(empty))).toContain('svg');
    expect(renderText(empty)).toEqual([]);
    expect(renderMermaid(empty)).toEqual(['flowchart LR']);
  });
});

describe('names from elsewhere', () => {
  const plan = planned({
    ...input(HOSTILE.map((id, at) => task(id, at === 0 ? [] : [HOSTILE[at - 1] ?? '']))),
    name: HOSTILE[0] ?? '',
  });

  it('are never read as markup of an SVG', () => {
    const svg = renderSvg(plan);
    expect(elementsOf(svg)).not.toContain('script');
    expect(svg).toContain('&lt;script&gt;');
  });

  it('are never read as Mermaid', () => {
    for (const line of renderMermaid(plan).filter((each) => /^ {2}n\d+\[/u.test(each))) {
      expect(line).toMatch(/^ {2}n\d+\["(?:[\p{L}\p{M}\p{N} .,_:/()-]|#\d+;)*<br\/>worker"\]$/u);
    }
  });

  it('never drive a terminal', () => {
    for (const line of [...renderPlan(plan), ...renderText(plan)]) expect(line).not.toMatch(/[\u0000-\u001f\u202e]/u);
  });
});
