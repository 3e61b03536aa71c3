import { CaravanFailure } from '../contracts/failures.js';
import type { Deps } from './deps.js';
import type { Alive } from './heartbeat.js';

/**
 * What the first tables give, up to one that fails or gives nothing: who asked does that one alone, and hears why.
 * The heartbeat names the table that is being worked on.
 */
export async function upToFailure<Done>(
  { log }: Deps,
  tables: readonly string[],
  alive: Alive,
  work: (table: string, alive: Alive) => Promise<Done | undefined>,
): Promise<Done[]> {
  const { signal } = alive;
  const all: Done[] = [];
  for (const table of tables) {
    signal.throwIfAborted();
    alive.report({ table });
    try {
      const done = await work(table, {
        ...alive,
        report: (seen) => {
          alive.report({ table, ...seen });
        },
      });
      if (done === undefined) break;
      all.push(done);
    } catch (error) {
      signal.throwIfAborted();
      const code = error instanceof CaravanFailure ? error.code : 'INTERNAL';
      log.warn({ event: 'batch.left', code, done: all.length });
      break;
    }
  }
  return all;
}
