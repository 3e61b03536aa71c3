import type { Proven } from '../../contracts/checks.js';
import type { Finding, TableReport, ViewReport } from '../../contracts/migration.js';
import { ALL_ROWS, ROWS } from '../../contracts/mapping.js';
import type { NotMigrated } from '../../contracts/mapping.js';
import type { Comparison, Evidence } from './body.js';

/** True when the proof found source and target equal, row by row, up to quarantined rows and ledgered values. */
export function isProvenEqual(table: TableReport): boolean {
  return (
    table.sourceHash !== null &&
    table.sourceHash === table.targetHash &&
    table.sourceRows === table.targetRows + table.quarantinedRows
  );
}

/** What the evidence proves, and how. */
export function provenStatements(evidence: Evidence): Proven[] {
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
  const tried = (evidence.views ?? []).flatMap(triedStatement);
  return [...statements, ...views, ...tried, ...structureStatements(evidence), ...checked];
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

/** Of what was translated and tried beside the source. */
function triedStatement({ kind, source, target, equal, tried }: ViewReport): Proven[] {
  if (!equal || tried === undefined) return [];
  const [times, acted] = [String(tried.times), String(tried.acted)];
  if (kind === 'trigger')
    return [
      {
        what: `The trigger ${target} left the same rows as ${source} in ${times} changes, and made a difference in at least ${acted} of them`,
        how: 'Rows were inserted, changed and deleted on a replica of the source and in the target, the tables that triggers write were compared, and all was taken back.',
      },
    ];
  if (tried.onReplica === true)
    return [
      {
        what: `The procedure ${target} gave back and left the same as ${source} in ${times} calls, of which at least ${acted} gave a value or made a difference`,
        how: 'Both were called on a replica of the source and in the target with values of the data and with extreme ones, what they gave back and the tables that they write were compared, and all was taken back.',
      },
    ];
  return [
    {
      what: `The function ${target} gave the same as ${source} in ${times} calls, of which ${acted} gave a value`,
      how: "Both were called with values of the data and with extreme ones, on the data at the source's position.",
    },
  ];
}

/** What it does not prove, as plainly. */
export function notProvenStatements(evidence: Evidence): string[] {
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

function madeStatement({ kind, equal, source, tried }: ViewReport): string[] {
  if (!equal || tried !== undefined || kind === undefined || !RUNNING.includes(kind)) return [];
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
