import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../config/config.js';
import { requireEqual } from '../copy/checksum.js';
import { withMariadb } from '../copy/ends.js';
import type { BenchTarget } from '../copy/target.js';
import { withLimit } from '../lines.js';
import type { BenchLine } from '../lines.js';
import { spread } from '../statistics.js';
import { WrongResult } from '../wrong-result.js';

/** Most seconds from the kill to the next chunk's commit. */
const SECONDS_MAX = 5;
const LOOK_MS = 25;
const LIMIT_MS = 300_000;

export interface ResumeBenchOptions {
  readonly config: Config;
  readonly rows: number;
  readonly rounds: number;
  readonly tell: (text: string) => void;
}

interface Killed {
  readonly seconds: number;
  readonly inFlight: number;
  readonly redone: number;
}

/** The copy worker is killed with -9 when half of the chunks are there: when does it go on, and what is done twice? */
export async function benchResume({ config, rows, rounds, tell }: ResumeBenchOptions): Promise<BenchLine[]> {
  return withMariadb(config, async ({ source, target, stack }) => {
    tell(`generating ${String(rows)} rows`);
    const database = await source.database(rows);
    const killed: Killed[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const url = await target.fresh(`resumed_${String(round)}`);
      const running = stack.migrate(database.url, url);
      const watched = watch(target, url, () => {
        const pid = stack.copyWorkerPid();
        if (pid === null) throw new WrongResult('there is no copy worker to kill');
        process.kill(pid, 'SIGKILL');
      });
      const [one] = await Promise.all([watched, running]);
      requireEqual('the migrated table', database.checksum, await target.checksum(url));
      killed.push(one);
      tell(
        `round ${String(round)}: progress again after ${one.seconds.toFixed(2)} s, ${String(one.redone)} of ${String(one.inFlight)} chunks in flight redone`,
      );
    }
    return linesOf(killed, rows);
  });
}

function linesOf(killed: readonly Killed[], rows: number): BenchLine[] {
  const seconds = killed.map((one) => one.seconds);
  const worst = Math.max(...seconds);
  const about = `${String(rows)} rows x 12 columns, kill -9 of the only copy worker at half of the chunks, ${String(killed.length)} times; results equal by our proof and by an SQL checksum of both servers`;
  const [most] = killed.toSorted((one, other) => other.redone - other.inFlight - (one.redone - one.inFlight));
  return [
    withLimit(
      {
        bench: 'resume',
        case: 'resume',
        value: worst,
        unit: 's',
        note: `worst time from the kill to the next commit of a chunk, ${spread(seconds)}; ${about}`,
      },
      { max: SECONDS_MAX },
    ),
    withLimit(
      {
        bench: 'resume',
        case: 'redone',
        value: most?.redone ?? 0,
        unit: 'chunks',
        note: `chunks that were begun again, at most those in flight at the kill; ${about}`,
      },
      { max: most?.inFlight ?? 0 },
    ),
  ];
}

interface Ledger {
  readonly chunks: number;
  readonly done: number;
  readonly inFlight: number;
  /** Chunks that were taken more than once. */
  readonly again: number;
}

/** Kills at half, and looks at the chunk ledger until it is gone with the promotion. */
async function watch(target: BenchTarget, url: string, kill: () => void): Promise<Killed> {
  const end = performance.now() + LIMIT_MS;
  let atKill: (Ledger & { readonly at: number }) | undefined;
  let seconds: number | undefined;
  let last: Ledger | undefined;
  for (;;) {
    if (performance.now() > end) throw new WrongResult('the migration did not end');
    const seen = await lookAt(target, url);
    if (seen === undefined && last !== undefined && atKill !== undefined) break;
    if (seen !== undefined) {
      last = seen;
      if (atKill === undefined && seen.chunks > 1 && seen.done * 2 >= seen.chunks) {
        kill();
        // A commit that was on its way when the process died is no progress: what is there now counts as before.
        await sleep(100);
        atKill = { ...((await lookAt(target, url)) ?? seen), at: performance.now() - 100 };
      } else if (atKill !== undefined && seconds === undefined && seen.done > atKill.done) {
        seconds = (performance.now() - atKill.at) / 1000;
      }
    }
    await sleep(LOOK_MS);
  }
  if (seconds === undefined) throw new WrongResult('no chunk was left to copy after the kill: take more rows');
  return { seconds, inFlight: atKill.inFlight, redone: last.again };
}

async function lookAt(target: BenchTarget, url: string): Promise<Ledger | undefined> {
  const [schema] = await target.query(
    url,
    "SELECT nspname AS name FROM pg_namespace WHERE nspname ~ '^caravan_[0-9a-f]{12}_meta$'",
  );
  if (schema === undefined) return undefined;
  const rows = await target
    .query(
      url,
      `SELECT count(*)::int AS chunks, count(*) FILTER (WHERE done)::int AS done,
              count(*) FILTER (WHERE epoch > 0 AND NOT done)::int AS "inFlight", count(*) FILTER (WHERE epoch > 1)::int AS again
         FROM ${String(schema['name'])}.chunk`,
    )
    .catch(() => []);
  return rows[0] as Ledger | undefined;
}
