import type { ServerEndpoint } from '../../../contracts/endpoint.js';
import { CaravanFailure } from '../../../contracts/failures.js';
import type { Reader, Snapshot, SnapshotOptions } from '../../source.js';
import { SnapshotSessions } from '../../lent-sessions.js';
import type { Session } from '../connect.js';
import { literal } from '../identifiers.js';
import { readingSource } from './errors.js';
import { countersOf, movedBetween, placeOf, positionText } from './position.js';
import type { Counters, Place } from './position.js';
import { readerOf } from './reader.js';
import { openSourceSession } from './sessions.js';

const BEGIN = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';
/** What fails or is cut in a reading must not take the snapshot with it. */
const SAVEPOINT = 'caravan_reading';

interface State {
  readonly place: Place;
  readonly counters: Counters;
}

/** S1 or S2: one session exports what it sees, the others take it over. */
export async function openSnapshot(endpoint: ServerEndpoint, options: SnapshotOptions): Promise<Snapshot> {
  const opened = await Promise.allSettled(
    Array.from({ length: Math.max(1, options.connections) }, () => openSourceSession(endpoint)),
  );
  const sessions = opened.filter((each) => each.status === 'fulfilled').map((each) => each.value);
  try {
    // Fewer connections than asked for are enough; none is not.
    if (sessions.length === 0) throw opened.find((each) => each.status === 'rejected')?.reason ?? lost();
    const state = await readingSource({ attempted: 'take a snapshot of', on: endpoint.database }, () =>
      begin(sessions, options),
    );
    return new PostgresSnapshot({ endpoint, sessions, state, tables: options.tables });
  } catch (error) {
    for (const session of sessions) session.destroy();
    throw error;
  }
}

async function begin(sessions: readonly Session[], { tables }: SnapshotOptions): Promise<State> {
  const [first, ...others] = sessions;
  if (first === undefined) throw lost();
  const counters = await countersOf(first, tables);
  await first.run(BEGIN);
  const [exported] = await first.rows('SELECT pg_catalog.pg_export_snapshot() AS id');
  const take = `${BEGIN}; SET TRANSACTION SNAPSHOT ${literal(exported?.['id'] ?? '')}`;
  await Promise.all(others.map((session) => session.run(take)));
  return { place: await placeOf(first), counters };
}

function lost(): CaravanFailure {
  return new CaravanFailure('SNAPSHOT_LOST', {
    attempted: 'read the snapshot of',
    on: 'source',
    seen: 'its connection is gone',
  });
}

interface Parts {
  readonly endpoint: ServerEndpoint;
  readonly sessions: readonly Session[];
  readonly state: State;
  readonly tables: SnapshotOptions['tables'];
}

class PostgresSnapshot implements Snapshot {
  readonly consistent = true;
  readonly detail: string;
  readonly position: string;
  readonly #parts: Parts;
  readonly #sessions: SnapshotSessions<Session>;

  constructor(parts: Parts) {
    const { sessions, state } = parts;
    this.#parts = parts;
    this.#sessions = new SnapshotSessions(sessions, { isUsable: (session) => !session.lost, lost });
    this.position = positionText(state.place);
    this.detail = `${String(sessions.length)} connections see one exported snapshot`;
  }

  get connections(): number {
    return this.#sessions.size;
  }

  lend<T>(work: (reader: Reader) => Promise<T>): Promise<T> {
    return this.#sessions.lend((session) => work(this.#reader(session)));
  }

  shrink(connections: number): Promise<void> {
    return this.#sessions.shrink(connections);
  }

  async moved(): Promise<{ readonly moved: 'no' | 'yes' | 'unknown'; readonly position: string }> {
    const { endpoint, state, tables } = this.#parts;
    const session = await openSourceSession(endpoint);
    try {
      return await readingSource({ attempted: 'read the position of', on: endpoint.database }, async () => {
        const now = { place: await placeOf(session), counters: await countersOf(session, tables) };
        return { moved: movedBetween(state, now), position: positionText(now.place) };
      });
    } finally {
      await session.close();
    }
  }

  close(): Promise<void> {
    return this.#sessions.close();
  }

  #reader(session: Session): Reader {
    // A cancel is on its way by another session: one that comes late would hit the next statement.
    let cancelling: Promise<void> | undefined;
    const cancel = (): Promise<void> => this.#cancel(session).catch(() => undefined);
    return readerOf({
      take: async () => {
        await readingSource({ attempted: 'read', on: 'the snapshot' }, () => session.run(`SAVEPOINT ${SAVEPOINT}`));
        return session;
      },
      cut: () => {
        cancelling = cancel();
      },
      give: async (_, whole) => {
        await cancelling;
        cancelling = undefined;
        if (session.lost) return;
        if (!whole) await cancel();
        await backToSnapshot(session);
      },
    });
  }

  /** Ends the statement that the session runs; it stays in its transaction. */
  async #cancel(session: Session): Promise<void> {
    const { processID } = session.client as unknown as { processID: number };
    const other = await openSourceSession(this.#parts.endpoint);
    try {
      await other.rows('SELECT pg_catalog.pg_cancel_backend($1)', [processID]);
    } finally {
      await other.close();
    }
  }
}

/** Behind the statement, however it ended. A cancel that comes late may hit the first try. */
async function backToSnapshot(session: Session): Promise<void> {
  const back = `ROLLBACK TO SAVEPOINT ${SAVEPOINT}; RELEASE SAVEPOINT ${SAVEPOINT}`;
  try {
    await session.run(back);
  } catch {
    await session.run(back).catch(() => {
      session.destroy();
    });
  }
}
