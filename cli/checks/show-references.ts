import type {
  DeclaredReference,
  InferredReference,
  ReferencesReport,
  TriedCascade,
} from '../../contracts/references.js';
import type { CliContext } from '../cli-context.js';
import { withSession } from '../session.js';
import { countText, printable, safeJson, textTable } from '../text-table.js';
import { reportOf } from './report-of.js';

/** `caravan references`: what refers to what, and statements that make undeclared keys constraints. */
export async function runReferences(
  context: CliContext,
  migrationId: string,
  { json = false }: { readonly json?: boolean },
): Promise<number> {
  return withSession(
    context,
    async (session) => {
      const report = await reportOf<ReferencesReport>(session, migrationId, 'references');
      if (json) context.print(safeJson({ migrationId, ...report }));
      else for (const line of referencesLines(report)) context.print(line);
      return 0;
    },
    { loud: !json },
  );
}

export function referencesLines({ declared, inferred, cascades }: ReferencesReport): string[] {
  return [
    ...block('Declared by the source', ['KEY', 'FROM', 'TO', 'IN THE TARGET', 'ORPHANS'], declared.map(declaredCells)),
    ...block(
      'Declared nowhere',
      ['FROM', 'TO', 'ROWS', 'VALUES', 'ORPHANS', 'LOOKED AT', 'WHY'],
      inferred.map(inferredCells),
    ),
    ...block(
      'Changes tried on both sides',
      ['KEY', 'TABLE', 'CHANGE', 'DECLARED', 'EFFECT', 'WHY'],
      cascades.map(cascadeCells),
    ),
    ...(inferred.length === 0
      ? []
      : ['-- Constraints for the keys that are declared nowhere:', ...inferred.flatMap(({ sql }) => sql)]),
  ];
}

function block(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const lines = textTable([head, ...rows.map((row) => row.map(printable))]);
  return [title, ...lines.map((line) => `  ${line}`), ''];
}

function columnsText(table: string, columns: readonly string[]): string {
  return `${table} (${columns.join(', ')})`;
}

function declaredCells({
  name,
  table,
  columns,
  referenced,
  referencedColumns,
  state,
  orphans,
}: DeclaredReference): string[] {
  const counted = orphans === null ? 'not counted' : countText(orphans);
  return [name, columnsText(table, columns), columnsText(referenced, referencedColumns), state, counted];
}

function inferredCells(key: InferredReference): string[] {
  return [
    columnsText(key.table, [key.column]),
    columnsText(key.referenced, [key.referencedColumn]),
    ...[key.rows, key.distinct, key.orphans].map(countText),
    key.whole ? 'all rows' : 'some rows',
    key.reasons.join('; '),
  ];
}

function cascadeCells({ name, table, action, declared, verdict, why = '' }: TriedCascade): string[] {
  return [name, table, action, declared, verdict, why];
}
