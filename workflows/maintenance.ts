import { meta } from './kit/profiles.js';

export interface MaintenanceInput {
  /** Look only at this connection; absent: at every one that is a target. */
  readonly connection?: string;
}

/** The janitor: undoes what closed or vanished migrations left. `terminate` and timeouts run no workflow code. */
export async function maintenance(input: MaintenanceInput): Promise<{ undone: number; left: number }> {
  return meta('undo leftovers').sweepLeftovers(input);
}
