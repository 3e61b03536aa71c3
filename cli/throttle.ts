import { CaravanFailure } from '../contracts/failures.js';
import { limitsText } from '../contracts/limits-text.js';
import { QUERIES, UPDATES } from '../contracts/messages.js';
import type { Throttle } from '../contracts/messages.js';
import type { Progress } from '../contracts/migration.js';
import type { SourceLimits } from '../contracts/migration.schema.js';
import type { CliContext } from './cli-context.js';
import { patient } from './patience.js';
import { requireRunning } from './running.js';
import { withSession } from './session.js';

export interface ThrottleOptions extends SourceLimits {
  readonly off?: boolean;
}

/** `caravan throttle`: what runs obeys within a few seconds. */
export async function runThrottle(
  context: CliContext,
  migrationId: string,
  { off = false, by = context.config.user, ...given }: ThrottleOptions & { readonly by?: string },
): Promise<number> {
  if (off === Object.keys(given).length > 0) {
    const seen = off ? 'it lifts all limits, and one is named' : 'no limit is named';
    throw new CaravanFailure('USAGE', { attempted: 'use', on: 'caravan throttle', seen });
  }
  return withSession(context, async (session) => {
    const handle = await requireRunning(session, migrationId);
    const { throttle } = await patient(() => handle.query<Progress>(QUERIES.progress));
    const limits = off ? {} : { ...throttle?.limits, ...given };
    await patient(() => handle.executeUpdate<undefined, [Throttle]>(UPDATES.throttle, { args: [{ limits, by }] }));
    const told = limitsText(limits);
    context.print(`${migrationId} reads its source ${told === '' ? 'without limits' : `at ${told} at most`}, by ${by}`);
    return 0;
  });
}
