import type { Replica, ReplicaTrigger, WriteEvent } from './asking.js';

/** Names that may stand in a trigger's body. */
interface Known {
  /** "schema.name". */
  readonly tables: readonly string[];
  /** Views and routines: behind these anything may stand. */
  readonly others: readonly string[];
}

export interface WrittenTrigger {
  /** "schema.name" of its table. */
  readonly table: string;
  readonly event: WriteEvent;
  /** Empty where it cannot be seen. */
  readonly body: string;
}

const WORD = /`[^`]+`|"[^"]+"|\[[^\]]+\]|[\p{L}_$][\p{L}\p{N}_$]*/gu;
/** Words behind which anything may stand. */
const OPEN = new Set(['call', 'execute', 'prepare']);

/** What each trigger may change, by the names that stand in its body: a name in a text or a comment counts as well. */
export function triggersByTable(triggers: readonly WrittenTrigger[], known: Known): Replica['triggers'] {
  const tables = new Map(known.tables.map((table) => [bare(table), table]));
  const others = new Set(known.others.map(bare));
  const byTable = new Map<string, ReplicaTrigger[]>();
  for (const { table, event, body } of triggers) {
    const words = [...new Set(body.match(WORD) ?? [])].map((word) =>
      word.replace(/^[`"[]|[`"\]]$/gu, '').toLowerCase(),
    );
    const isOpen = words.length === 0 || words.some((word) => OPEN.has(word) || others.has(word));
    const changes = isOpen ? 'any' : new Set(words.flatMap((word) => tables.get(word) ?? []));
    byTable.set(table, [...(byTable.get(table) ?? []), { event, changes }]);
  }
  return byTable;
}

function bare(name: string): string {
  return name.slice(name.indexOf('.') + 1).toLowerCase();
}
