import type { CheckSummary, Proven } from '../../contracts/checks.js';
import type { Finding, TableReport, ViewReport } from '../../contracts/migration.js';
import type { StructureSummary } from '../../contracts/verification.js';
import { ALL_ROWS, ROWS } from '../../contracts/mapping.js';
import type { NotMigrated } from '../../contracts/mapping.js';
import { sha256Hex } from '../hash.js';
import { canonicalJson } from '../../contracts/canonical-json.js';

/** What the proof found, frozen before the pivot. */
export interface Evidence {
  readonly migrationId: string;
  readonly planHash: string;
  readonly source: CertifiedSource;
  /** Who approved the plan. */
  readonly decision?: { readonly by: string };
  readonly tables: readonly TableReport[];
  /** Set where the rows went into tables that stood in the target before. */
  readonly mode?: 'data-only';
  /** Absent where the plan has none. */
  readonly views?: readonly ViewReport[];
  /** Only of a database that another tool moved. */
  readonly comparison?: Comparison;
  /** Checks of both sides as a whole; absent where none ran. */
  readonly checks?: readonly CheckSummary[];
  readonly findings: readonly Finding[];
  readonly notMigrated: readonly NotMigrated[];
  /** What the login could not see in the source, each with the statement that mends it. */
  readonly cannotSee: readonly { readonly what: string; readonly mend: string }[];
}

/** How a target that another tool made was compared with its source. */
export interface Comparison {
  /** Where the target's log stood. */
  readonly targetPosition: string;
  /** ISO 8601, by the target's clock. */
  readonly at: string;
  /** Objects of the source and what stands for them; the report itself is in the store, under the migration's id. */
  readonly structure: StructureSummary;
}

export interface CertifiedSource {
  readonly engine: string;
  readonly version: string;
  readonly database: string;
  /** Where the source stood when it was compared (snapshot S2): GTID, binlog position or file hash; or why unknown. */
  readonly position: string;
  /** False where the source gave no consistent snapshot. */
  readonly consistent: boolean;
  /** How the position was taken, or why there is none, in a sentence. */
  readonly detail?: string;
}

export interface CertifiedTarget {
  /** Of the server, such as "18.4" or 180004. */
  readonly version: string;
  readonly schema: string;
  /** ISO 8601; absent where nothing was promoted: the target was only compared, at `comparedAt`. */
  readonly promotedAt?: string;
  readonly comparedAt?: string;
  readonly lsn: string;
}

/** What is signed. */
export interface CertificateBody extends Evidence {
  readonly target: CertifiedTarget;
  readonly proven: readonly Proven[];
  readonly notProven: readonly string[];
  /** SHA-256 hex of the canonical JSON of the evidence. */
  readonly evidenceHash: string;
  readonly caravanVersion: string;
  /** ISO 8601. */
  readonly issuedAt: string;
}

export interface BodyParts {
  readonly evidence: Evidence;
  readonly target: CertifiedTarget;
  readonly caravanVersion: string;
  readonly issuedAt: string;
}

export const EVIDENCE_PARTS = [
  'migrationId',
  'planHash',
  'source',
  'decision',
  'mode',
  'tables',
  'views',
  'comparison',
  'checks',
  'findings',
  'notMigrated',
  'cannotSee',
] as const satisfies readonly (keyof Evidence)[];
/** Without these there is no evidence. */
const OPTIONAL_PARTS: ReadonlySet<string> = new Set(['decision', 'mode', 'views', 'comparison', 'checks']);
export const REQUIRED_PARTS = EVIDENCE_PARTS.filter((part) => !OPTIONAL_PARTS.has(part));

/** The evidence part of a body, or of what claims to be one. */
export function evidenceOf(body: Readonly<Record<string, unknown>> | Evidence): Readonly<Record<string, unknown>> {
  const all = body as Readonly<Record<string, unknown>>;
  return Object.fromEntries(EVIDENCE_PARTS.map((part) => [part, all[part]]));
}

export function evidenceHash(evidence: Readonly<Record<string, unknown>> | Evidence): string {
  return sha256Hex(canonicalJson(evidenceOf(evidence)));
}

export function buildBody(parts: BodyParts): CertificateBody {
  const { evidence, target, caravanVersion, issuedAt } = parts;
  const { migrationId, planHash, source, tables, findings, notMigrated, cannotSee } = evidence;
  const { decision, mode, views, comparison, checks } = evidence;
  const required = { migrationId, planHash, source, tables, findings, notMigrated, cannotSee };
  const frozen: Evidence = {
    ...required,
    ...(decision && { decision }),
    ...(mode && { mode }),
    ...(views && { views }),
    ...(comparison && { comparison }),
    ...(checks && { checks }),
  };
  return {
    ...frozen,
    target,
    proven: provenStatements(frozen),
    notProven: notProvenStatements(frozen),
    evidenceHash: evidenceHash(frozen),
    caravanVersion,
    issuedAt,
  };
}

/** True when the proof found source and target equal, row by row, up to quarantined rows and ledgered values. */
export function isProvenEqual(table: TableReport): boolean {
  return (
    table.sourceHash !== null &&
    table.sourceHash === table.targetHash &&
    table.sourceRows === table.targetRows + table.quarantinedRows
  );
}

function provenStatements(evidence: Evidence): Proven[] {
  const equal = evidence.tables.filter(isProvenEqual);
  const leaving = (wanted: string): Set<string> =>
    new Set(evidence.notMigrated.filter(({ kind }) => kind === wanted).map(({ name }) => name));
  const [filtered, empty] = [leaving(ROWS), leaving(ALL_ROWS)];
  const moved = equal.filter(({ source }) => !empty.has(source));
  const statements = moved.map((table) => ({
    what: `${table.target} holds ${String(table.targetRows)} of the ${String(table.sourceRows)} rows of ${table.source}${filtered.has(table.source) ? ' that meet its filter' : ''}, equal to the source at its position`,
    how: `Both sides were read apart from ${evidence.comparison === undefined ? 'the copy' : 'whatever moved them'}, put into one canonical form, and compared by count and by the sum modulo 2^128 of the hashes of all rows.`,
  }));
  const views = (evidence.views ?? []).filter((view) => view.equal && view.kind === undefined).map(provenView);
  const checked = (evidence.checks ?? []).flatMap((check) => check.proven);
  return [...statements, ...views, ...structureStatements(evidence), ...checked];
}

function structureStatements(evidence: Evidence): Proven[] {
  if (evidence.comparison !== undefined) return provenStructure(evidence.comparison);
  if (evidence.tables.length === 0 || hasFinding(evidence, 'structure_differs')) return [];
  return [evidence.mode === 'data-only' ? ROWS_IN_PLACE : STRUCTURE];
}

const STRUCTURE: Proven = {
  what: 'The target has the tables, columns, keys and indexes of the plan',
  how: "The plan was compared with the target's own catalogue, object by object.",
};

const ROWS_IN_PLACE: Proven = {
  what: "The tables of the target are the application's own, and hold the rows that were proven",
  how: 'In the transaction that put the rows in place the target compared count and hashes of all rows of each table with those that were proven; with a difference it would not have been made.',
};

function provenStructure({ structure }: Comparison): Proven[] {
  const { objects, same, mapped } = structure;
  if (same + mapped === 0) return [];
  return [
    {
      what: `${String(same + mapped)} of ${String(objects)} objects of the source (tables, columns, keys, indexes, defaults, sequences) have a counterpart in the target: ${String(same)} the same, ${String(mapped)} mapped`,
      how: "The source's catalogue was compared with the target's own, object by object; indexes and keys by what they do and not by their names; defaults by the values that the target's server gives for both.",
    },
  ];
}

function provenView(view: ViewReport): Proven {
  const rows = 'compared by count and by the sum modulo 2^128 of the hashes of all rows';
  if (view.ofQuery === true)
    return {
      what: `The materialized view ${view.target} holds the ${String(view.targetRows)} rows that the query of ${view.source} gives on the data at the source's position`,
      how: `It was filled in the target and read, the query was asked of the source, both were put into one canonical form, and ${rows}.`,
    };
  return {
    what: `The view ${view.target} gives the ${String(view.sourceRows)} rows that ${view.source} gives on the data at the source's position`,
    how: `Both views were read, each from its own database, put into one canonical form, and ${rows}; the order of rows was not compared, nor that of a list whose order the source does not fix.`,
  };
}

function notProvenStatements(evidence: Evidence): string[] {
  const { source, tables, views = [], checks = [], findings, notMigrated, cannotSee, comparison } = evidence;
  const leftStatement = comparison === undefined ? notMigratedStatement : notComparedStatement;
  const unequal = tables.filter((table) => !isProvenEqual(table));
  return [
    ...(source.consistent
      ? []
      : ['The source gave no consistent snapshot: rows of different tables may be of different moments.']),
    ...unequal.map((table) => `${table.target} was not proven equal to ${table.source}.`),
    ...tables.filter((table) => table.quarantinedRows > 0).map(quarantinedStatement),
    ...tables.filter((table) => table.changedValues > 0).map(changedStatement),
    ...findings.filter((finding) => !COUNTED_ABOVE.includes(finding.code)).map(findingStatement),
    ...views.flatMap(madeStatement),
    ...notMigrated.map(leftStatement),
    ...cannotSee.map((part) => `The login could not see ${part.what}.`),
    ...checks.flatMap((check) => check.notProven),
    ...(checks.some(({ check }) => check === 'queries')
      ? []
      : ['Queries of the application were not replayed against the target.']),
  ];
}

/** Kinds of what runs, or decides who sees what. */
const RUNNING = ['routine', 'trigger', 'rule', 'policy'];

function madeStatement({ kind, equal, source }: ViewReport): string[] {
  if (!equal || kind === undefined || !RUNNING.includes(kind)) return [];
  return [`The ${kind} ${source} was made in the source's own words; it was not run.`];
}

const COUNTED_ABOVE: readonly Finding['code'][] = ['rows_quarantined', 'values_changed', 'cannot_see'];

function quarantinedStatement(table: TableReport): string {
  return `${String(table.quarantinedRows)} rows of ${table.source} are in quarantine, not in the target.`;
}

function changedStatement(table: TableReport): string {
  return `${String(table.changedValues)} values of ${table.source} are stored otherwise than they were; the value ledger has their bytes.`;
}

function findingStatement(finding: Finding): string {
  return `Finding ${finding.code} on ${finding.object}, ${String(finding.count)} times, ${finding.disposition}.`;
}

function notMigratedStatement({ kind, name, reason }: NotMigrated): string {
  if (kind === ALL_ROWS) return `No row of ${name} was migrated: ${reason}.`;
  if (kind === ROWS) return `Not all rows of ${name} were migrated: ${reason}.`;
  return `The ${kind} ${name} was not migrated: ${reason}.`;
}

function notComparedStatement({ kind, name, reason }: NotMigrated): string {
  if (kind === ROWS) return `Not all rows of ${name} were compared: ${reason}.`;
  return `The ${kind} ${name} was not compared: ${reason}.`;
}

function hasFinding(evidence: Evidence, code: Finding['code']): boolean {
  return evidence.findings.some((finding) => finding.code === code && finding.disposition !== 'repaired');
}
