import type { Endpoint } from '../../../../contracts/endpoint.js';
import { CaravanFailure } from '../../../../contracts/failures.js';
import type { MigrationInput } from '../../../../contracts/migration.schema.js';
import { openTrials } from '../../../../databases/open-trials.js';
import type { TrialGround } from '../../../../databases/trials/trial.js';
import { recordOf } from '../../../ends.js';
import type { CheckContext } from '../check.js';

/** The throw-away replica of the source that the migration was given; or why there is none. The source is never written. */
export async function openReplica({ deps, migrationId }: CheckContext): Promise<TrialGround | string> {
  const input: MigrationInput & { readonly replaySource?: string } = (await recordOf(deps, migrationId)).input;
  if (input.replaySource === undefined) return 'no replica of the source was given';
  const [source, replica] = await Promise.all(
    [input.source, input.replaySource].map((name) => deps.store.connections.get(name)),
  );
  if (source === undefined || replica === undefined || isSamePlace(source, replica))
    return 'the replica given is the source';
  try {
    return (await openTrials(replica)) ?? 'files have no keys';
  } catch (error) {
    if (!(error instanceof CaravanFailure)) throw error;
    return `the replica could not be reached (${error.code})`;
  }
}

/** Under another name of its host it would not be known: whoever gives one says that it is to be thrown away. */
function isSamePlace(one: Endpoint, other: Endpoint): boolean {
  if ('path' in one || 'path' in other) return 'path' in one && 'path' in other && one.path === other.path;
  return one.host === other.host && one.port === other.port && one.database === other.database;
}
