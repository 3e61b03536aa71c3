import type { SkipReason, WorkloadOrder, WorkloadQuery } from '../../../../contracts/workload.js';

/** A translation, or why there is none. */
export type Translated =
  | {
      readonly sql: string;
      readonly tables: readonly string[];
      readonly order: WorkloadOrder;
      readonly lists?: NonNullable<WorkloadQuery['lists']>;
    }
  | { readonly reason: SkipReason; readonly detail?: string; readonly tables?: readonly string[] };
