import { qualified } from '../../../../contracts/catalogue.js';
import type { ForeignKeyMapping, MigrationMapping, TableMapping } from '../../../../contracts/mapping.js';
import type { TriedCascade } from '../../../../contracts/references.js';
import type { Checked } from '../../../../databases/checked.js';
import type { Trial, TrialEffect, TrialGround, Watched } from '../../../../databases/trials/trial.js';

/** Keys that are tried of each foreign key. */
const KEYS_TRIED = 2;
/** Tables that are watched at most: those that refer to a key, and those that refer to them. */
const WATCHED_MAX = 12;

interface Tie {
  readonly table: TableMapping;
  readonly key: ForeignKeyMapping;
  readonly parent: TableMapping;
}

/**
 * Deletes and changes keys that rows refer to on both sides, the replica of the source and the shadow, and compares what
 * became of the rows. Everything is taken back. One effect that differs is enough to say so.
 */
export async function tryCascades(
  migration: MigrationMapping,
  { replica, checked }: { readonly replica: TrialGround; readonly checked: Checked },
): Promise<TriedCascade[]> {
  const ties = tiesOf(migration);
  const tried: TriedCascade[] = [];
  for (const tie of ties) {
    for (const action of ['DELETE', 'UPDATE'] as const) {
      const verdict = await tryTie({ tie, ties, action }, { replica, checked });
      const declared = action === 'DELETE' ? tie.key.onDelete : tie.key.onUpdate;
      tried.push({ name: tie.key.name, table: qualified(tie.table.source), action, declared, ...verdict });
    }
  }
  return tried;
}

function tiesOf({ tables }: MigrationMapping): Tie[] {
  const byTarget = new Map(tables.map((table) => [qualified(table.target), table]));
  return tables.flatMap((table) =>
    table.foreignKeys.flatMap((key) => {
      const parent = byTarget.get(qualified(key.targetTable));
      return parent === undefined ? [] : [{ table, key, parent }];
    }),
  );
}

interface Wanted {
  readonly tie: Tie;
  readonly ties: readonly Tie[];
  readonly action: Trial['action'];
}

type Verdict = Pick<TriedCascade, 'verdict' | 'why'>;

async function tryTie(
  wanted: Wanted,
  { replica, checked }: { readonly replica: TrialGround; readonly checked: Checked },
): Promise<Verdict> {
  const { tie, action } = wanted;
  const { key, parent, table } = tie;
  const why = standsAgainst(tie);
  if (why !== undefined) return { verdict: 'not tried', why };
  const reference = {
    table: table.target.name,
    columns: key.columns,
    referenced: parent.target.name,
    referencedColumns: key.targetColumns,
  };
  const { keys, free } = await checked.referredKeys(reference, KEYS_TRIED);
  if (keys.length === 0) return { verdict: 'not tried', why: 'no row refers to anything' };
  if (action === 'UPDATE' && free === undefined)
    return { verdict: 'not tried', why: 'its key is no single whole number' };
  let last: Verdict = { verdict: 'same' };
  for (const values of keys) {
    const trial = (side: 'source' | 'target'): Trial => trialOf(wanted, side, { values, free });
    const other = await trying(() => replica.tryOut(trial('source')));
    const own = await trying(
      () => checked.tryOut?.(trial('target')) ?? Promise.resolve('nothing may be written there'),
    );
    last = compared(other, own);
    if (last.verdict !== 'same') break;
  }
  return last;
}

/** Kinds of values that have one spelling on both sides. */
const SPELLED = new Set(['integer', 'text', 'enum', 'native']);

function standsAgainst({ table, parent, key }: Tie): string | undefined {
  if (!table.transactional || !parent.transactional) return 'the source could not take it back';
  const kinds = key.targetColumns.map((name) => parent.columns.find(({ target }) => target === name)?.kind ?? '');
  return kinds.every((kind) => SPELLED.has(kind)) ? undefined : `its key is of the kind ${kinds.join(', ')}`;
}

/** A side that cannot try it says so, and names no value. */
async function trying(work: () => Promise<TrialEffect | string>): Promise<TrialEffect | string> {
  try {
    return await work();
  } catch (error) {
    const { code = 'unknown' } = error as { code?: string };
    return `it could not be tried (${code})`;
  }
}

function compared(source: TrialEffect | string, target: TrialEffect | string): Verdict {
  if (typeof source === 'string') return { verdict: 'not tried', why: `on the replica: ${source}` };
  if (typeof target === 'string') return { verdict: 'not tried', why: `in the shadow: ${target}` };
  if (JSON.stringify(source) === JSON.stringify(target)) return { verdict: 'same' };
  const told = ({ state, watched }: TrialEffect): string =>
    state === 'refused'
      ? 'it is refused'
      : watched
          .map(({ rows, nulls, moved }) => `${signed(rows)} rows, ${signed(nulls)} NULLs, ${signed(moved)} moved`)
          .join('; ');
  return { verdict: 'differs', why: `in the source ${told(source)}; in the target ${told(target)}` };
}

function signed(count: number): string {
  return count > 0 ? `+${String(count)}` : String(count);
}

interface Values {
  readonly values: readonly string[];
  readonly free: string | undefined;
}

function trialOf({ tie, ties, action }: Wanted, side: 'source' | 'target', { values, free }: Values): Trial {
  const { parent, key } = tie;
  return {
    action,
    table: parent[side],
    columns: named(parent, key.targetColumns, side),
    key: values,
    newKey: [free ?? values[0] ?? '', ...values.slice(1)],
    watched: watchedOf(parent, key.targetColumns, ties).map(({ tie: other, direct }) => ({
      table: other.table[side],
      columns: named(other.table, other.key.columns, side),
      direct,
    })),
  };
}

/** What refers to the table, and what refers to that, breadth first. */
function watchedOf(
  parent: TableMapping,
  columns: readonly string[],
  ties: readonly Tie[],
): { readonly tie: Tie; readonly direct: boolean }[] {
  const found: { tie: Tie; direct: boolean }[] = [];
  const known = new Set<Tie>();
  let level: readonly TableMapping[] = [parent];
  while (level.length > 0 && found.length < WATCHED_MAX) {
    const next = ties.filter((tie) => !known.has(tie) && level.includes(tie.parent));
    for (const tie of next) {
      known.add(tie);
      const isKey = tie.parent === parent && tie.key.targetColumns.join('\0') === columns.join('\0');
      found.push({ tie, direct: isKey });
    }
    level = next.map(({ table }) => table);
  }
  return found.slice(0, WATCHED_MAX);
}

function named(table: TableMapping, targets: readonly string[], side: 'source' | 'target'): Watched['columns'] {
  return targets.map((target) => table.columns.find((column) => column.target === target)?.[side] ?? target);
}
