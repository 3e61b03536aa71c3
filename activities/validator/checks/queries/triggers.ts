import type { Workload, WorkloadQuery } from '../../../../contracts/workload.js';
import type { Replica, ReplicaTrigger, WriteEvent } from '../../../../databases/asking.js';
import { meaningful, scan } from '../../../../language/workload/scan.js';
import { namedTables } from '../../../../language/workload/tables.js';

const EVENTS: Readonly<Record<string, readonly WriteEvent[]>> = {
  insert: ['insert'],
  update: ['update'],
  delete: ['delete'],
  replace: ['insert', 'delete'],
  merge: ['insert', 'update', 'delete'],
  truncate: ['delete'],
};

/** What statements do to rows, by their words: one too many does no harm. */
export function eventsOf(words: ReadonlySet<string>): Set<WriteEvent> {
  return new Set([...words].flatMap((word) => EVENTS[word] ?? []));
}

/** Tables that a statement may write: of an insert that into which it puts rows, else all that it names. */
export function writtenBy({ run, tables }: WorkloadQuery, dialect: Workload['dialect']): readonly string[] {
  const words = meaningful(scan(run, dialect));
  if (!['insert', 'replace'].includes(words[0]?.text.toLowerCase() ?? '')) return tables;
  const [into] = namedTables(words, dialect);
  const written = tables.filter((table) => into !== undefined && hasTable([`.${into.name}`], table));
  return written.length === 1 ? written : tables;
}

/** Triggers that fire when these tables are written so. */
export function firedBy(
  { triggers }: Replica,
  tables: readonly string[],
  events: ReadonlySet<WriteEvent>,
): ReplicaTrigger[] {
  const fired = [...triggers].flatMap(([name, those]) => (hasTable(tables, name) ? those : []));
  return fired.filter(({ event }) => events.has(event));
}

/** What they may change, and the triggers of that in turn. */
export function changedBy(replica: Replica, fired: readonly ReplicaTrigger[]): ReadonlySet<string> | 'any' {
  const changed = new Set<string>();
  const left = [...fired];
  for (let trigger = left.pop(); trigger !== undefined; trigger = left.pop()) {
    if (trigger.changes === 'any') return 'any';
    for (const table of trigger.changes) {
      if (changed.has(table)) continue;
      changed.add(table);
      left.push(...[...replica.triggers].flatMap(([name, those]) => (name === table ? those : [])));
    }
  }
  return changed;
}

/** The replica's database may be called otherwise. */
export function hasTable(tables: Iterable<string>, table: string): boolean {
  const name = bare(table);
  return [...tables].some((known) => bare(known) === name);
}

function bare(table: string): string {
  return table.slice(table.indexOf('.') + 1).toLowerCase();
}
