import { CaravanFailure } from '../../contracts/failures.js';

/**
 * gRPC status codes that say: not now. UNKNOWN, ABORTED and INTERNAL stand for connections that broke inside a call
 * and for a server that is just starting.
 */
const AWAY = {
  CANCELLED: 1,
  UNKNOWN: 2,
  DEADLINE_EXCEEDED: 4,
  RESOURCE_EXHAUSTED: 8,
  ABORTED: 10,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const;
const AWAY_CODES: readonly number[] = Object.values(AWAY);

/** True when Temporal or the store is away, so that the same call may succeed later. */
export function isAway(error: unknown): boolean {
  if (error instanceof CaravanFailure) return error.code === 'STORE_LOST';
  if (!(error instanceof Error)) return false;
  const code = grpcCodeOf(error);
  return code === undefined ? isAway(error.cause) : AWAY_CODES.includes(code);
}

/** By its shape: the client that throws it is loaded only by commands that speak to Temporal. */
function grpcCodeOf(error: Error): number | undefined {
  const { code, details, metadata } = error as Partial<Record<'code' | 'details' | 'metadata', unknown>>;
  return typeof code === 'number' && typeof details === 'string' && typeof metadata === 'object' ? code : undefined;
}
