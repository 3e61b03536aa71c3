import type { Endpoint } from '../contracts/endpoint.js';
import { CaravanFailure } from '../contracts/failures.js';
import { openPostgresTarget } from './postgres/target.js';
import type { Target, TargetNames } from './target.js';

/** Opens the target that an endpoint names. */
export async function openTarget(endpoint: Endpoint, names: TargetNames): Promise<Target> {
  if (endpoint.engine === 'postgres') return openPostgresTarget(endpoint, names);
  throw new CaravanFailure('INPUT_INVALID', {
    attempted: 'use as a target',
    on: endpoint.engine,
    seen: 'only PostgreSQL is a target',
    next: 'Name a PostgreSQL database as the target.',
  });
}
