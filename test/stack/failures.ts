import { CaravanFailure } from '../../contracts/failures.js';

/** For `.catch`: lets a CaravanFailure through as a value, and throws anything else again. */
export function isCaravanFailure(error: unknown): CaravanFailure {
  if (error instanceof CaravanFailure) return error;
  throw error;
}
