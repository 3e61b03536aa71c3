import type { RoutineMapping, TableMapping } from '../../../../contracts/mapping.js';
import type { Writing } from '../../../../databases/asking.js';
import { Answer } from '../../../kora/behaviour/answers.js';
import { quotedName } from '../../../kora/behaviour/literals.js';
import { CutShort, Lane } from '../../checks/queries/lane.js';
import { fire } from '../triggers/firing.js';
import type { TrialSides, Watched } from '../triggers/grounds.js';
import { holdsAlike } from '../triggers/held.js';
import type { ProcedureCall } from './spell.js';

/** Seconds that one call may take, on each side. */
export const CALL_SECONDS = 5;

/** The source's session ends then, where the server does not end the call. */
const LATEST_SECONDS = 2 * CALL_SECONDS;

/** `refused`: by both sides. `acted`: something came back, or is another in the tables. */
export type Called = 'differs' | 'refused' | 'late' | { readonly acted: boolean };

/** What a procedure is tried with, beside its arguments. */
export interface Trying {
  readonly watched: Watched;
  /** Triggers that were proven. */
  readonly firing: readonly RoutineMapping[];
  readonly clocked: ReadonlySet<string>;
  /** What the watched tables hold before any call. */
  readonly before: Contents;
}

/** Calls a procedure on the replica and in the shadow, looks at what came back and at the tables, and takes all back. */
export async function tryCall(sides: TrialSides, call: ProcedureCall, trying: Trying): Promise<Called> {
  const { source, target } = sides;
  await Promise.all([source.begin(), target.begin()]);
  try {
    await limitTarget(target);
    await fire(target, trying.firing);
    for (const statement of call.before) await source.write(statement, CALL_SECONDS);
    const there = new Answer();
    const { onColumns, onRow } = there;
    const own = target.ask({ sql: call.target, seconds: CALL_SECONDS, onColumns, onRow });
    const [one, other] = await Promise.allSettled([source.write(call.source, LATEST_SECONDS), own]);
    if (one.status === 'rejected') throw one.reason;
    if (other.status === 'rejected') throw other.reason;
    if (!one.value.ok || !other.value.ok) {
      const refused = [one.value, other.value].flatMap((side) => (side.ok ? [] : [side.refused.why]));
      if (refused.includes('time_limit')) return 'late';
      return refused.length === 2 ? 'refused' : 'differs';
    }
    if (!(await target.settle()).ok) return 'differs';
    if (call.back !== undefined && !(await isSame(sides, call.back, there))) return 'differs';
    const after = await contentsOf(sides, trying.watched);
    if (!(await leavesSame(sides, trying, after))) return 'differs';
    const gave = there.rows[0]?.some((cell) => cell !== null) === true;
    return {
      acted: gave || [...after].some(([table, content]) => content.target !== trying.before.get(table)?.target),
    };
  } finally {
    await Promise.all([source.rollback(), target.rollback()]);
  }
}

/** Both sides held the same: what neither changed is the same. Nobody says that rows follow others, so that it is looked. */
async function leavesSame(sides: TrialSides, { watched, before, clocked }: Trying, after: Contents): Promise<boolean> {
  const changed = watched.following.filter((table) => {
    const [was, is] = [before.get(table), after.get(table)];
    return was?.source !== is?.source || was?.target !== is?.target;
  });
  for (const table of [...watched.written, ...changed])
    if (!(await holdsAlike(sides, table, { clocked }))) return false;
  return true;
}

async function isSame({ source, target }: TrialSides, back: string, there: Answer): Promise<boolean> {
  const lane = new Lane({ source, target });
  const { answer, ended } = await lane.askSource(back);
  if (!ended.ok) throw new CutShort({ source: ended, target: ended });
  const asked = { source: back, target: '', orderBy: { fixed: 'none', keys: [] } } as const;
  return (await lane.compare(asked, { source: answer, target: there })).outcome === 'equal';
}

/** A word of each side for what a table holds; of two sides they are no words of one language. */
export type Contents = ReadonlyMap<TableMapping, { readonly source: string; readonly target: string }>;

/** Outside of any trial. */
export async function contentsBefore(sides: TrialSides, watched: Watched): Promise<Contents> {
  const { source, target } = sides;
  await Promise.all([source.begin(), target.begin()]);
  try {
    return await contentsOf(sides, watched);
  } finally {
    await Promise.all([source.rollback(), target.rollback()]);
  }
}

async function contentsOf({ source, target }: TrialSides, { written, following }: Watched): Promise<Contents> {
  const contents = new Map<TableMapping, { source: string; target: string }>();
  for (const table of [...written, ...following]) {
    const [own, there] = [quotedName(table.source.name, 'mysql'), quotedName(table.target.name, 'postgres')];
    const sum = `SELECT count(*), sum(pg_catalog.hashtextextended(t::text, 0)) FROM ${there} AS t`;
    contents.set(table, {
      source: await wordFrom(source, `CHECKSUM TABLE ${own}`),
      target: await wordFrom(target, sum),
    });
  }
  return contents;
}

async function wordFrom(side: Writing, sql: string): Promise<string> {
  let word = '';
  const onRow = (cells: readonly (string | null)[]): void => {
    word = cells.join(' ');
  };
  const ended = await side.ask({ sql, seconds: LATEST_SECONDS, onColumns: () => undefined, onRow });
  if (!ended.ok) throw new CutShort({ source: ended, target: ended });
  return word;
}

/** What is asked in its transaction takes no longer than this. */
async function limitTarget(target: Writing): Promise<void> {
  const limited = await target.write('SELECT 1', CALL_SECONDS);
  if (!limited.ok) throw new Error(`the shadow answers nothing (${limited.refused.code})`);
}
