import type { TableMapping } from '../contracts/mapping.js';
import type { TableMeasures } from './measures/measures.js';

/** What checks of both sides as a whole ask of a target: of a migration's shadow, or of one state of another tool's work. */
export interface Checked {
  /** Aggregates over all rows of the mapping's target. */
  measure(table: TableMapping, signal?: AbortSignal): Promise<TableMeasures>;
}
