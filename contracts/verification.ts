import type { Finding, FindingCode } from './migration.js';

/** What stands in the target for an object of the source. */
export interface StructureItem {
  /** "table", "column", "primary key", "index" … */
  readonly kind: string;
  /** "schema.table", or what belongs to a table behind it. */
  readonly object: string;
  readonly state: 'same' | 'mapped' | 'missing' | 'differs' | 'not compared';
  /** How it is mapped, or why it is missing, differs or was not compared. */
  readonly how?: string;
  /** The finding that it makes. */
  readonly code?: FindingCode;
}

export interface StructureCounts {
  readonly objects: number;
  readonly same: number;
  readonly mapped: number;
  readonly missing: number;
  readonly differing: number;
  readonly notCompared: number;
}

/** Every object of the source, accounted for. Lives in the store by the id of the migration. */
export interface StructureReport extends StructureCounts {
  readonly items: readonly StructureItem[];
}

/** The structure as history and certificate have it; the hash is SHA-256 hex of the canonical JSON of its items. */
export interface StructureSummary extends StructureCounts {
  readonly hash: string;
}

/** Where both sides stood when they were compared. */
export interface Compared {
  readonly sourcePosition: string;
  readonly targetPosition: string;
  /** ISO 8601. */
  readonly at: string;
}

/** Said of a database; none of them makes it another one than its source. */
const NO_DIFFERENCE: readonly FindingCode[] = ['cannot_see', 'outside_snapshot', 'query_slower', 'rule_broken'];

/** Findings that a proof of another tool's work must name: differences, and what could not be compared. */
export function isDifference({ code }: Pick<Finding, 'code'>): boolean {
  return !NO_DIFFERENCE.includes(code);
}

/** Findings of at most so many objects; the rest is one for each code. */
export function bounded(findings: readonly Finding[], most: number): Finding[] {
  if (findings.length <= most) return [...findings];
  const rest = Map.groupBy(findings.slice(most), ({ code }) => code);
  const merged = [...rest].flatMap(([code, group]): Finding[] => {
    const [first] = group;
    if (first === undefined) return [];
    const object = `(${String(group.length)} more)`;
    const count = group.reduce((sum, finding) => sum + finding.count, 0);
    const detail = `${String(group.length)} more objects have this finding.`;
    return [{ ...first, id: `${code}:(more)`, object, count, detail }];
  });
  return [...findings.slice(0, most), ...merged];
}
