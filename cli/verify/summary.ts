import type { MigrationReport, TableReport } from '../../contracts/migration.js';
import { isDifference } from '../../contracts/verification.js';
import type { StructureReport } from '../../contracts/verification.js';
import { countText, printable, textTable } from '../text-table.js';

/** Lines of each list; the rest is in the report (`--json`) and in the certificate. */
const SHOWN = 100;
const HASH_DIGITS = 12;

/** The result of `caravan verify` for a person. */
export function verificationLines(report: MigrationReport, structure: StructureReport | undefined): string[] {
  const { findings, notMigrated, certificate, error, migrationId } = report;
  return [
    ...tableLines(report.tables),
    ...structureLines(structure),
    ...listLines(
      'Not compared',
      notMigrated.map(({ kind, name, reason }) => `${kind} ${name}: ${reason}`),
    ),
    ...listLines(
      'Findings',
      findings.map(({ code, object, count }) => `${code} on ${object}: ${countText(count)}`),
    ),
    ...(findings.some((finding) => finding.kind === 'data' && isDifference(finding))
      ? [
          `Rows and values, by key: caravan values list ${migrationId} [--rule CODE] [--reveal]`,
          `What would mend it:        caravan reconcile ${migrationId} [--reveal]`,
          '',
        ]
      : []),
    ...(certificate === null ? [] : [`Certificate  ${certificate}`]),
    ...(error === undefined ? [] : ['', error.message, ...(error.message.includes(error.next) ? [] : [error.next])]),
    '',
    verdict(report),
  ];
}

function tableLines(tables: readonly TableReport[]): string[] {
  if (tables.length === 0) return [];
  const rows = tables
    .slice(0, SHOWN)
    .map((table) => [
      printable(table.source),
      printable(table.target),
      countText(table.sourceRows),
      countText(table.targetRows),
      hashText(table.sourceHash),
      hashText(table.targetHash),
    ]);
  const head = ['SOURCE', 'TARGET', 'ROWS', 'ROWS THERE', 'SOURCE HASH', 'TARGET HASH'];
  const more = tables.length - rows.length;
  const rest = more > 0 ? [`… and ${countText(more)} more tables`] : [];
  return [...textTable([head, ...rows], [2, 3]), ...rest, ''];
}

function hashText(hash: string | null): string {
  return hash === null ? '-' : hash.slice(0, HASH_DIGITS);
}

function structureLines(structure: StructureReport | undefined): string[] {
  if (structure === undefined) return [];
  const { objects, same, mapped, missing, differing, notCompared, items } = structure;
  const counts = [
    `${countText(same)} the same`,
    `${countText(mapped)} mapped`,
    `${countText(missing)} missing`,
    `${countText(differing)} differ`,
    `${countText(notCompared)} not compared`,
  ];
  const lines = items
    .filter(({ state }) => state !== 'same')
    .map(({ kind, object, state, how = '' }) => `${state}: ${kind} ${object}: ${how}`);
  return [`Structure    ${countText(objects)} objects: ${counts.join(', ')}`, ...listLines('Not the same', lines)];
}

function listLines(title: string, items: readonly string[]): string[] {
  if (items.length === 0) return [];
  const shown = items.slice(0, SHOWN).map((item) => `  ${printable(item)}`);
  const more = items.length - shown.length;
  const rest = more > 0 ? [`  … and ${countText(more)} more`] : [];
  return [`${title} (${countText(items.length)})`, ...shown, ...rest, ''];
}

function verdict({ migrationId, status }: MigrationReport): string {
  const id = `Verification ${migrationId}`;
  switch (status) {
    case 'proven':
      return `${id}: the target is proven equal to the source, row by row. Nothing was written to it.`;
    case 'proven_with_exceptions':
      return `${id}: compared as a whole; every difference is named above. Nothing was written to the target.`;
    case 'invalid_input':
      return `${id}: not started; nothing was written.`;
    case 'cancelled':
      return `${id}: cancelled; nothing was written.`;
    default:
      return `${id}: failed, so that nothing is proven; nothing was written.`;
  }
}
