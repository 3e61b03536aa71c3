import type { CatalogueNeed } from '../../../contracts/catalogue.js';
import type { Row } from '../connect.js';

export function jsonList(json: string | null | undefined): string[] {
  return JSON.parse(json ?? '[]') as string[];
}

export function rowsBy(rows: readonly Row[], keyOf: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group) group.push(row);
    else groups.set(keyOf(row), [row]);
  }
  return groups;
}

export function needsOf(rows: readonly Row[] | undefined): CatalogueNeed[] {
  return (rows ?? []).map(({ what, extension, type, routine }) => ({
    what: what ?? '',
    ...(extension != null && { extension }),
    ...(type != null && { type }),
    ...(routine != null && { routine }),
  }));
}
