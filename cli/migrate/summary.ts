import { EXIT_CODES } from '../../contracts/migration.js';
import type { MigrationReport, TableReport } from '../../contracts/migration.js';
import { bytesText, countText, printable, secondsText, textTable } from '../text-table.js';
import type { Outcome } from './outcome.js';

/** Rows of the table; the rest is in the report (`--json`). */
const TABLES_SHOWN = 100;
/** Hex digits of a hash that are shown; the certificate has all. */
const HASH_DIGITS = 12;

/** The result for a person. */
export function summaryLines({ report, exit }: Outcome): string[] {
  return [
    ...tableLines(report.tables),
    ...listLines(
      'Not migrated',
      report.notMigrated.map(({ kind, name, reason }) => `${kind} ${name}: ${reason}`),
    ),
    ...listLines(
      'Findings',
      report.findings.map(
        ({ code, object, count, disposition }) => `${code} on ${object}: ${countText(count)}, ${disposition}`,
      ),
    ),
    ...copyLines(report),
    ...(report.approvedBy === undefined ? [] : [`Approved by  ${printable(report.approvedBy)}`]),
    ...(report.certificate === null ? [] : [`Certificate  ${report.certificate}`]),
    ...(report.error === undefined ? [] : ['', report.error.message, ...nextLine(report.error)]),
    '',
    verdict(report, exit),
  ];
}

function nextLine(error: { message: string; next: string }): string[] {
  return error.message.includes(error.next) ? [] : [error.next];
}

function tableLines(tables: readonly TableReport[]): string[] {
  if (tables.length === 0) return [];
  const rows = tables
    .slice(0, TABLES_SHOWN)
    .map((table) => [
      printable(table.source),
      printable(table.target),
      countText(table.sourceRows),
      countText(table.targetRows),
      countText(table.quarantinedRows),
      countText(table.changedValues),
      hashText(table.sourceHash),
      hashText(table.targetHash),
    ]);
  const head = ['SOURCE', 'TARGET', 'ROWS READ', 'WRITTEN', 'QUARANTINED', 'CHANGED', 'SOURCE HASH', 'TARGET HASH'];
  const more = tables.length - rows.length;
  return [
    ...textTable([head, ...rows], [2, 3, 4, 5]),
    ...(more > 0 ? [`… and ${countText(more)} more tables`] : []),
    '',
  ];
}

function hashText(hash: string | null): string {
  return hash === null ? '-' : hash.slice(0, HASH_DIGITS);
}

function listLines(title: string, items: readonly string[]): string[] {
  if (items.length === 0) return [];
  const shown = items.slice(0, TABLES_SHOWN).map((item) => `  ${printable(item)}`);
  const more = items.length - shown.length;
  return [
    `${title} (${countText(items.length)})`,
    ...shown,
    ...(more > 0 ? [`  … and ${countText(more)} more`] : []),
    '',
  ];
}

function copyLines({ copy }: MigrationReport): string[] {
  if (copy.rows === 0) return [];
  const { rows, bytes, seconds, rowsPerSecond } = copy;
  return [
    `Copied       ${countText(rows)} rows, ${bytesText(bytes)} in ${secondsText(seconds)}, ${countText(rowsPerSecond)} rows/s`,
  ];
}

function verdict({ migrationId, status }: MigrationReport, exit: number): string {
  const id = `Migration ${migrationId}`;
  if (exit !== EXIT_CODES[status]) return `${id}: promoted; a later step is still being retried.`;
  switch (status) {
    case 'proven':
      return `${id}: promoted and proven equal, row by row.`;
    case 'proven_with_exceptions':
      return `${id}: promoted and proven, with the exceptions named above.`;
    case 'planned':
      return `${id}: planned; the target was not touched.`;
    case 'rejected':
      return `${id}: rejected; the target was not touched.`;
    case 'invalid_input':
      return `${id}: not started; the target was not touched.`;
    case 'cancelled':
      return `${id}: cancelled; nothing is left in the target.`;
    case 'failed':
      return `${id}: failed; nothing is left in the target.`;
    case 'undo_incomplete':
      return `${id}: not undone as a whole; something may be left in the target.`;
  }
}
