import { chmodSync, mkdirSync } from 'node:fs';
import { CaravanFailure } from '../../contracts/failures.js';

/**
 * Makes the data folder. Only its owner may list it; for root, others may pass through it (711), because PostgreSQL
 * runs as an unprivileged user and its data folder lies inside. Every secret in it is a file of mode 0600.
 */
export function makeHome(home: string): void {
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    chmodSync(home, process.getuid?.() === 0 ? 0o711 : 0o700);
  } catch (error) {
    const parts = { attempted: 'make', on: home, seen: String(error), next: 'Set CARAVAN_HOME to a folder of yours.' };
    throw new CaravanFailure('STACK_PART_MISSING', parts, error);
  }
}
