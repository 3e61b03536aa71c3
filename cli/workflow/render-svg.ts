import { escapeMarkup } from '../page/markup.js';
import type { PlannedGraph, PlannedTask } from '../../language/planner/types.js';
import { secondsText } from '../text-table.js';
import { layOut } from './layout.js';
import type { Layout, Place } from './layout.js';

/** Pixels. */
const BOX = { width: 180, height: 44 };
const GAP = { across: 60, down: 16 };
const MARGIN = 20;
/** Code units of a name that fit the box; the whole name is the box's title. Half a character is escaped like any other. */
const LABEL_CHARACTERS = 24;

const STYLE = [
  'text{font:12px sans-serif;fill:#222}',
  '.agent{font-size:10px;fill:#666}',
  'rect{fill:#fff;stroke:#888}',
  'path{fill:none;stroke:#999}',
  '.critical rect,path.critical{stroke:#c0392b;stroke-width:2}',
  '.pivot rect{stroke-dasharray:6 3}',
].join('');

/** The graph as an SVG document: waves from left to right, the critical path in red. Names are escaped, never read as markup. */
export function renderSvg(plan: PlannedGraph): string {
  const layout = layOut(plan);
  const critical = new Set(plan.criticalPath.tasks);
  const width = 2 * MARGIN + plan.waves.length * (BOX.width + GAP.across) - (plan.waves.length > 0 ? GAP.across : 0);
  const height = 2 * MARGIN + layout.rows * (BOX.height + GAP.down) - (layout.rows > 0 ? GAP.down : 0);
  const size = `width="${String(width)}" height="${String(height)}" viewBox="0 0 ${String(width)} ${String(height)}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">`,
    `<title>${escapeMarkup(plan.name)}</title><style>${STYLE}</style>`,
    '<defs><marker id="end" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" style="fill:#999"/></marker></defs>',
    ...edgeMarks(plan, layout),
    ...plan.tasks.map((task, at) => boxMark(task, layout.places[at], critical.has(task.id))),
    '</svg>',
    '',
  ].join('\n');
}

function edgeMarks(plan: PlannedGraph, { places, edges }: Layout): string[] {
  const steps = new Set(
    plan.criticalPath.tasks.slice(1).map((id, at) => `${plan.criticalPath.tasks[at] ?? ''}\0${id}`),
  );
  return edges.map((way) => {
    const ends = [way[0], way.at(-1)].map((at) => plan.tasks[at ?? 0]?.id ?? '');
    const isCritical = steps.has(ends.join('\0'));
    return `<path${isCritical ? ' class="critical"' : ''} d="${curve(way, places)}" marker-end="url(#end)"/>`;
  });
}

/** From the right side of one box to the left side of another, straight through the places between. */
function curve(way: readonly number[], places: readonly Place[]): string {
  const points = way.map((at) => corner(places[at]));
  return points
    .slice(1)
    .map(({ x, y }, at) => {
      const from = points[at] ?? { x: 0, y: 0 };
      const start = { x: from.x + BOX.width, y: from.y + BOX.height / 2 };
      const end = { x, y: y + BOX.height / 2 };
      const middle = (start.x + end.x) / 2;
      const head = at === 0 ? `M${pair(start.x, start.y)}` : `L${pair(start.x, start.y)}`;
      return `${head}C${pair(middle, start.y)} ${pair(middle, end.y)} ${pair(end.x, end.y)}`;
    })
    .join('');
}

function pair(x: number, y: number): string {
  return `${String(x)},${String(y)}`;
}

function corner(place: Place | undefined): { x: number; y: number } {
  return {
    x: MARGIN + (place?.wave ?? 0) * (BOX.width + GAP.across),
    y: MARGIN + (place?.row ?? 0) * (BOX.height + GAP.down),
  };
}

function boxMark(task: PlannedTask, place: Place | undefined, isCritical: boolean): string {
  const { x, y } = corner(place);
  const classes = [...(isCritical ? ['critical'] : []), ...(task.pivot ? ['pivot'] : [])];
  const isLong = task.id.length > LABEL_CHARACTERS;
  const label = isLong ? `${task.id.slice(0, LABEL_CHARACTERS - 1)}…` : task.id;
  const middle = x + BOX.width / 2;
  const more = `${task.agent}, ${secondsText(task.estimateSeconds)}`;
  const box = `<rect x="${String(x)}" y="${String(y)}" width="${String(BOX.width)}" height="${String(BOX.height)}" rx="6"/>`;
  const text = (line: number, content: string, attributes = ''): string =>
    `<text x="${String(middle)}" y="${String(y + line)}" text-anchor="middle"${attributes}>${escapeMarkup(content)}</text>`;
  const open = classes.length === 0 ? '<g>' : `<g class="${classes.join(' ')}">`;
  return `${open}<title>${escapeMarkup(task.id)}</title>${box}${text(19, label)}${text(34, more, ' class="agent"')}</g>`;
}
