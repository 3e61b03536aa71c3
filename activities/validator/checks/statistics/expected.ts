import { qualified } from '../../../../contracts/catalogue.js';
import type { ColumnMapping, TableMapping } from '../../../../contracts/mapping.js';
import type { TableReport } from '../../../../contracts/migration.js';
import type { Expected } from '../../../../contracts/statistics.js';
import { rewritings } from '../../rewriting.js';
import type { CheckedSide } from '../sides.js';

/** A column of both sides, and what is expected of it. */
export interface ExpectedColumn {
  readonly source: ColumnMapping;
  readonly target: ColumnMapping;
  readonly expected: Expected;
}

/** A table as it is looked at; the columns whose sides have forms of their own stand at the end. */
export interface ExpectedTable {
  readonly table: TableMapping;
  readonly columns: readonly ExpectedColumn[];
  /** Rows that the target has not, as the ledgers say. */
  readonly missing: number;
  /** The rows of both sides were found equal. */
  readonly proven: boolean;
}

/** What the plan and the ledgers let expect of each column. */
export async function expectedTable(
  table: TableMapping,
  { ledger }: Pick<CheckedSide, 'ledger'>,
  report: TableReport | undefined,
): Promise<ExpectedTable> {
  const hasExceptions = report === undefined || report.quarantinedRows + report.changedValues > 0;
  const totals = hasExceptions ? await ledger?.totals(qualified(table.source)) : undefined;
  const missing = totals?.quarantined ?? 0;
  const changed = new Set(totals?.byReason.map(({ column }) => column));
  const rewriting = rewritings(table);
  const columns = table.columns.map((column, at): ExpectedColumn => {
    const isChanged = changed.has(column.target) || rewriting[at] !== undefined;
    return { source: column, target: column, expected: missing > 0 ? 'apart' : isChanged ? 'changed' : 'same' };
  });
  const apart = (table.apart ?? []).map((sides): ExpectedColumn => ({ ...sides, expected: 'apart' }));
  return { table, columns: [...columns, ...apart], missing, proven: isProven(report) };
}

function isProven(report: TableReport | undefined): boolean {
  return report?.sourceHash != null && report.sourceHash === report.targetHash;
}

/** The mapping by which one side is read. */
export function sideOf({ table, columns }: ExpectedTable, side: 'source' | 'target'): TableMapping {
  return { ...table, columns: columns.map((column) => column[side]) };
}
