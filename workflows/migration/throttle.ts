import { setHandler, workflowInfo } from '@temporalio/workflow';
import type { Throttle } from '../../contracts/messages.js';
import type { SourceLimits } from '../../contracts/migration.schema.js';
import { failure } from '../kit/failures.js';
import { sourceStrainSignal, throttleUpdate } from '../kit/messages.js';
import { meta } from '../kit/profiles.js';
import type { MigrationState } from './state.js';

export interface ThrottleParts {
  readonly onChange: () => void;
  /** Refuses what names no person. */
  readonly requireActor: (by: unknown) => void;
}

/** What spares the source: limits that people set, and what the workers tell of its strain. */
export function listenForThrottle(state: MigrationState, { onChange, requireActor }: ThrottleParts): void {
  const { workflowId: migrationId } = workflowInfo();
  setHandler(sourceStrainSignal, (strain) => {
    state.hearStrain(strain);
    onChange();
  });
  const workers = meta('limit the reading of the source');
  // One after another: what is told last is what holds.
  let last: Promise<unknown> = Promise.resolve();
  setHandler(
    throttleUpdate,
    async (throttle) => {
      const before = last;
      const now = before.then(() => workers.setThrottle({ migrationId, limits: throttle.limits, by: throttle.by }));
      last = now.catch(() => undefined);
      await now;
      state.limit(throttle);
      onChange();
    },
    {
      description: 'Limits what is read of the source, also by what runs; {} lifts the limits.',
      validator: ({ limits, by }: Throttle) => {
        requireActor(by);
        if (state.throttle === undefined) throw failure('NOT_NOW', 'Its source is not open yet.');
        if (state.phase === 'learning' || state.phase === 'done') throw failure('NOT_NOW', 'It reads no more.');
        requireLimits(limits);
      },
    },
  );
}

/** The schema, without its library in the bundle. */
const LEAST_LIMITS: Readonly<Record<keyof SourceLimits, number>> = {
  connections: 2,
  rowsPerSecond: 1,
  bytesPerSecond: 1,
};

function requireLimits(limits: unknown): void {
  if (typeof limits !== 'object' || limits === null) throw failure('INPUT_INVALID', 'The field "limits" is missing.');
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(LEAST_LIMITS, name)) throw failure('INPUT_INVALID', `There is no limit "${name}".`);
    const least = LEAST_LIMITS[name as keyof SourceLimits];
    if (Number.isSafeInteger(value) && value >= least) continue;
    throw failure('INPUT_INVALID', `The limit "${name}" is a whole number of at least ${String(least)}.`);
  }
}
