import { z } from 'zod';
import type { CheckedCertificate } from '../../platform/certificate/verify.js';
import type { EvidenceFolder } from '../../platform/certificate/chain.js';
import { isProvenEqual } from '../../platform/certificate/statements.js';
import { isDifference } from '../../contracts/verification.js';
import type { FindingCode } from '../../contracts/migration.js';

const decisions = z.array(
  z.object({
    what: z.string(),
    on: z.string(),
    by: z.string(),
    option: z.string().optional(),
    reason: z.string().optional(),
    at: z.string(),
  }),
);
const structure = z.array(
  z.object({ kind: z.string(), object: z.string(), state: z.string(), how: z.string().optional() }),
);

export type ShownDecision = z.infer<typeof decisions>[number];
export type StructureItem = z.infer<typeof structure>[number];

/** A valid certificate and what of its evidence files is shown to people. */
export interface ShownCertificate extends CheckedCertificate {
  readonly verdict: Verdict;
  readonly decisions: readonly ShownDecision[];
  /** Of the target of another tool: what is not the same in both. */
  readonly structure: readonly StructureItem[];
  /** Reports of checks, by name. */
  readonly reports: ReadonlyMap<string, unknown>;
}

export interface Verdict {
  readonly state: 'proven' | 'exceptions' | 'differs';
  readonly text: string;
}

/** The files were just verified: what is in them is what was signed. */
export function shownOf(checked: CheckedCertificate, folder: EvidenceFolder): ShownCertificate {
  const read = (name: string): unknown => {
    const link = checked.content.chain?.find((each) => each.name === name);
    const bytes = link && folder.read(name, link.bytes);
    if (bytes === undefined || bytes === 'other size') return undefined;
    try {
      return JSON.parse(Buffer.from(bytes).toString()) as unknown;
    } catch {
      return undefined;
    }
  };
  const names = (checked.content.checks ?? []).map(({ check }) => check);
  return {
    ...checked,
    verdict: verdictOf(checked),
    decisions: decisions.safeParse(read('decisions.json')).data ?? [],
    structure: (structure.safeParse(read('structure.json')).data ?? []).filter(({ state }) => state !== 'same'),
    reports: new Map(names.map((name) => [name, read(`check-${name}.json`)])),
  };
}

function verdictOf({ content }: CheckedCertificate): Verdict {
  const { tables, findings, comparison } = content;
  const unequal = tables.filter((each) => !isProvenEqual(each)).length;
  const rows = tables.reduce((sum, { targetRows }) => sum + targetRows, 0);
  const all = `${counted(tables.length, 'table')} with ${counted(rows, 'row')}`;
  if (unequal > 0) {
    const of = `${counted(unequal, 'table')} of ${String(tables.length)}`;
    return { state: 'differs', text: `Not proven equal: ${of}. What differs is named below.` };
  }
  if (comparison !== undefined) {
    const differences = findings.filter(({ code }) => isDifference({ code: code as FindingCode })).length;
    if (differences === 0) return { state: 'proven', text: `Proven equal, row by row and object by object: ${all}.` };
    const told = `${counted(differences, 'finding')} of what is missing, weaker or not comparable`;
    return { state: 'exceptions', text: `The rows are proven equal: ${all}. There ${isAre(differences)} ${told}.` };
  }
  const accepted = findings.filter(({ disposition }) => disposition === 'accepted').length;
  if (accepted === 0) return { state: 'proven', text: `Promoted, and proven equal, row by row: ${all}.` };
  const told = `${counted(accepted, 'exception')} that ${accepted === 1 ? 'was' : 'were'} accepted`;
  return { state: 'exceptions', text: `Promoted, and proven equal: ${all}, with ${told}. Each is named below.` };
}

function isAre(count: number): string {
  return count === 1 ? 'is' : 'are';
}

function counted(count: number, what: string): string {
  return `${new Intl.NumberFormat('en-US').format(count)} ${what}${count === 1 ? '' : 's'}`;
}
