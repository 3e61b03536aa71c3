import { isTextStep } from '../../contracts/mapping.js';
import type { ColumnMapping, MigrationMapping } from '../../contracts/mapping.js';

/**
 * KORA's feasibility check (PH-13): a column can be verified when its kind has a canonical form on both sides and its
 * transform is lossless or keeps what it changes in the value ledger.
 */
export function unverifiableColumns(mapping: MigrationMapping): { table: string; column: string; reason: string }[] {
  return mapping.tables.flatMap((table) =>
    table.columns.flatMap((column) => {
      const reason = reasonOf(column, table.rowKey !== undefined);
      return reason === undefined ? [] : [{ table: table.source.name, column: column.source, reason }];
    }),
  );
}

function reasonOf(column: ColumnMapping, keyed: boolean): string | undefined {
  if (!keyed && column.onInvalid === 'quarantine') return undefined;
  const ops = column.transform.filter((step) => !isTextStep(step)).map((step) => step.op);
  if (ops.length > 1) return 'a pipeline of several operators has no canonical form on the source side yet';
  if (ops.includes('to_boolean') && column.kind !== 'boolean') return `to_boolean does not make ${column.kind}`;
  return undefined;
}
