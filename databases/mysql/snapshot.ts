import type { ServerEndpoint } from '../../contracts/endpoint.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { Reader, Snapshot, SnapshotOptions } from '../source.js';
import { SnapshotSessions } from '../lent-sessions.js';
import { openSession, type MysqlSession } from './connect.js';
import { readGrants, type Grants } from './grants.js';
import { movedBetween, positionAt, positionOf, snapshotPlace } from './position.js';
import { readerOf } from './reader.js';
import { quoteTable } from './sql.js';

/** How often snapshots without a lock are begun again until all have the same place. */
const ATTEMPTS_MAX = 5;

/** SQLSTATE of a statement that a read-only session refuses. */
const READ_ONLY_REFUSES = '25006';

const BEGIN = 'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY';

interface State {
  readonly consistent: boolean;
  readonly detail: string;
  readonly position: string;
}

async function beginAll(sessions: readonly MysqlSession[]): Promise<void> {
  await Promise.all(sessions.map((session) => session.query(BEGIN, { attempted: 'begin a snapshot of' })));
}

/** Under a lock that a second session holds only for this moment. Undefined when the lock cannot be had. */
async function underLock(
  lock: { holder: MysqlSession; statement: string; name: string },
  sessions: readonly MysqlSession[],
): Promise<State | undefined> {
  const { holder, statement, name } = lock;
  try {
    await holder.query(statement, { attempted: 'lock' }).catch(async (error: unknown) => {
      if (!(error instanceof CaravanFailure) || error.facts.sqlstate !== READ_ONLY_REFUSES) throw error;
      // This session only locks; the readers stay read-only.
      await holder.query('SET SESSION TRANSACTION READ WRITE');
      await holder.query(statement, { attempted: 'lock' });
    });
  } catch (error) {
    // Not granted after all, or a long statement of others in the way: writers must not wait for us.
    if (error instanceof CaravanFailure && holder.usable) return undefined;
    throw error;
  }
  try {
    const position = await positionOf(holder);
    await beginAll(sessions);
    return { consistent: true, detail: `${String(sessions.length)} connections begun under ${name}`, position };
  } finally {
    await holder.query('UNLOCK TABLES', { attempted: 'unlock' });
  }
}

/** Without a lock, where the server tells which state each snapshot sees. */
async function bySamePlace(sessions: readonly MysqlSession[]): Promise<State | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    await beginAll(sessions);
    const places = await Promise.all(sessions.map(snapshotPlace));
    const [place] = places;
    if (place === undefined || sessions[0] === undefined) return undefined;
    if (places.every((each) => each === place)) {
      const detail = `${String(sessions.length)} connections at the same place of the binary log`;
      return { consistent: true, detail, position: await positionAt(sessions[0], place) };
    }
  }
  return undefined;
}

function locksOf(grants: Grants, options: SnapshotOptions): { statement: string; name: string }[] {
  const locks: { statement: string; name: string }[] = [];
  if (grants.has('RELOAD') || grants.has('FLUSH_TABLES')) {
    locks.push({ statement: 'FLUSH TABLES WITH READ LOCK', name: 'FLUSH TABLES WITH READ LOCK' });
  }
  const lockable =
    options.tables.length > 0 && options.tables.every(({ schema }) => grants.has('LOCK TABLES', { schema }));
  if (lockable) {
    const list = options.tables.map((table) => `${quoteTable(table)} READ`).join(', ');
    locks.push({ statement: `LOCK TABLES ${list}`, name: 'LOCK TABLES … READ' });
  }
  return locks;
}

async function beginOne(holder: MysqlSession, sessions: readonly MysqlSession[]): Promise<State> {
  const position = await positionOf(holder);
  await beginAll(sessions);
  const place = sessions[0] && (await snapshotPlace(sessions[0]));
  const exact = place !== undefined && sessions[0] !== undefined ? await positionAt(sessions[0], place) : position;
  return { consistent: true, detail: 'one connection', position: exact };
}

/** One state over all sessions, by the least means that the login allows. */
async function begin(
  holder: MysqlSession,
  sessions: readonly MysqlSession[],
  options: SnapshotOptions,
): Promise<State> {
  const grants = await readGrants(holder);
  if (sessions.length === 1) return beginOne(holder, sessions);
  for (const lock of locksOf(grants, options)) {
    const state = await underLock({ holder, ...lock }, sessions);
    if (state) return state;
  }
  const same = await bySamePlace(sessions);
  if (same) return same;
  const position = await positionOf(holder);
  await beginAll(sessions);
  const mend = `GRANT RELOAD ON *.* TO ${grants.account}`;
  return { consistent: false, detail: `no lock could be had for one instant over all connections (${mend})`, position };
}

function lost(cause?: CaravanFailure): CaravanFailure {
  return new CaravanFailure('SNAPSHOT_LOST', {
    attempted: 'read the snapshot of',
    on: cause?.facts.table ?? 'source',
    seen: 'its connection is gone',
    ...(cause && { facts: cause.facts }),
  });
}

class MysqlSnapshot implements Snapshot {
  readonly consistent: boolean;
  readonly detail: string;
  readonly position: string;
  readonly #endpoint: ServerEndpoint;
  readonly #sessions: SnapshotSessions<MysqlSession>;

  constructor(endpoint: ServerEndpoint, sessions: readonly MysqlSession[], state: State) {
    this.#endpoint = endpoint;
    this.#sessions = new SnapshotSessions(sessions, { isUsable: (session) => session.usable, lost });
    this.consistent = state.consistent;
    this.detail = state.detail;
    this.position = state.position;
  }

  get connections(): number {
    return this.#sessions.size;
  }

  lend<T>(work: (reader: Reader) => Promise<T>): Promise<T> {
    return this.#sessions.lend((session) => work(readerOf(session)));
  }

  async moved(): Promise<{ readonly moved: 'no' | 'yes' | 'unknown'; readonly position: string }> {
    const session = await openSession(this.#endpoint);
    try {
      const position = await positionOf(session);
      return { moved: movedBetween(this.position, position), position };
    } finally {
      await session.close();
    }
  }

  shrink(connections: number): Promise<void> {
    return this.#sessions.shrink(connections);
  }

  close(): Promise<void> {
    return this.#sessions.close();
  }
}

/** S1 or S2: connections that see one state. */
export async function openSnapshot(endpoint: ServerEndpoint, options: SnapshotOptions): Promise<Snapshot> {
  const opened = await Promise.allSettled(
    // A single reader needs nobody beside it to hold a lock.
    Array.from({ length: options.connections > 1 ? options.connections + 1 : 1 }, () => openSession(endpoint)),
  );
  const sessions = opened.filter((each) => each.status === 'fulfilled').map((each) => each.value);
  const [holder, ...others] = sessions;
  const readers = options.connections > 1 ? others : sessions;
  try {
    const refused = opened.find((each) => each.status === 'rejected');
    // Fewer connections than asked for are enough; none is not.
    if (!holder || readers.length === 0) throw refused?.reason ?? lost();
    const state = await begin(holder, readers, options);
    if (!readers.includes(holder)) await holder.close();
    return new MysqlSnapshot(endpoint, readers, state);
  } catch (error) {
    for (const session of sessions) session.destroy();
    throw error;
  }
}
