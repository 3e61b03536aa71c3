import type { Finding, MigrationReport } from '../../contracts/migration.js';
import { qualified } from '../../contracts/catalogue.js';
import type { ColumnMapping, TableMapping } from '../../contracts/mapping.js';
import type { OpenedEntry } from '../values/opened.js';

/** A finding with the place it is about. */
export interface Located {
  readonly finding: Finding;
  readonly table?: TableMapping;
  readonly column?: ColumnMapping;
  /** Rows that it is about, the first ones; none: no keys are kept of it. */
  readonly rows: readonly OpenedEntry[];
}

/** The table and column of the plan that a finding names. */
export function placeOf(object: string, tables: readonly TableMapping[]): Pick<Located, 'table' | 'column'> {
  for (const table of tables) {
    for (const end of [table.source, table.target]) {
      const name = qualified(end);
      if (object === name) return { table };
      const column = table.columns.find(({ source, target }) =>
        [`${name}.${target}`, `${name}.${source}`].includes(object),
      );
      if (column !== undefined) return { table, column };
    }
  }
  return {};
}

/** What of the ledgers a finding counts. */
export function filterOf({ id, code, object }: Finding, { table, column }: Pick<Located, 'table' | 'column'>) {
  const isLedgered = code === 'values_changed' || code === 'rows_quarantined';
  return {
    kind: column === undefined || code === 'rows_quarantined' ? ('quarantine' as const) : ('value_ledger' as const),
    filter: {
      ...(table && { table: qualified(table.source) }),
      ...(column && { column: column.target }),
      reason: isLedgered ? id.slice(`${code}:${object}:`.length) : code,
    },
  };
}

/** A report that has no evidence: an older one, or of a migration that was not promoted. */
export function findingsOf(report: MigrationReport): Finding[] {
  return report.findings.map((finding) => ({ ...finding, id: `${finding.code}:${finding.object}`, detail: '' }));
}
