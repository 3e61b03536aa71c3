import type { WorkloadQuery } from '../../../../contracts/workload.js';

/** Statements of one recorded transaction stand together; any other stands alone. */
export function unitsOf(queries: readonly WorkloadQuery[]): WorkloadQuery[][] {
  const units: WorkloadQuery[][] = [];
  for (const query of queries) {
    const last = units.at(-1);
    const together = query.transaction !== undefined && last?.[0]?.transaction === query.transaction;
    if (last !== undefined && together) last.push(query);
    else units.push([query]);
  }
  return units;
}
