import { CaravanFailure } from '../contracts/failures.js';

/** A connection, as far as lending it goes. */
interface Closable {
  close(): Promise<void>;
  destroy(): void;
}

/** Idle sessions that are kept for the next use. */
const IDLE_MAX = 4;

/** Sessions outside any snapshot: taken, given back, replaced when lost. */
export class IdleSessions<Session extends Closable> {
  readonly #open: () => Promise<Session>;
  readonly #isUsable: (session: Session) => boolean;
  readonly #idle: Session[] = [];
  readonly #all = new Set<Session>();

  constructor(open: () => Promise<Session>, isUsable: (session: Session) => boolean) {
    this.#open = open;
    this.#isUsable = isUsable;
  }

  async take(): Promise<Session> {
    for (let session = this.#idle.pop(); session !== undefined; session = this.#idle.pop()) {
      if (this.#isUsable(session)) return session;
      this.#all.delete(session);
    }
    const session = await this.#open();
    this.#all.add(session);
    return session;
  }

  async giveBack(session: Session): Promise<void> {
    if (this.#isUsable(session) && this.#all.has(session) && this.#idle.length < IDLE_MAX) {
      this.#idle.push(session);
      return;
    }
    this.#all.delete(session);
    await session.close();
  }

  /** For a session whose state is unknown. */
  discard(session: Session): void {
    this.#all.delete(session);
    session.destroy();
  }

  /** Closes what is idle. */
  async rest(): Promise<void> {
    const idle = this.#idle.splice(0);
    for (const session of idle) this.#all.delete(session);
    await Promise.all(idle.map((session) => session.close()));
  }

  async close(): Promise<void> {
    await closeAll(this.#all, this.#idle);
  }
}

/** Sessions that see one state: lent one at a time, and never replaced, for no other could see the same. */
export class SnapshotSessions<Session extends Closable> {
  readonly #sessions: Set<Session>;
  readonly #idle: Session[];
  readonly #isUsable: (session: Session) => boolean;
  readonly #lost: (cause?: CaravanFailure) => CaravanFailure;
  readonly #waiting: ((session: Session | undefined) => void)[] = [];
  #most = Infinity;

  constructor(
    sessions: readonly Session[],
    parts: {
      readonly isUsable: (session: Session) => boolean;
      /** The failure of a snapshot whose connections are gone. */
      readonly lost: (cause?: CaravanFailure) => CaravanFailure;
    },
  ) {
    this.#sessions = new Set(sessions);
    this.#idle = [...sessions];
    this.#isUsable = parts.isUsable;
    this.#lost = parts.lost;
  }

  get size(): number {
    return this.#sessions.size;
  }

  async lend<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const session = await this.#take();
    try {
      return await work(session);
    } catch (error) {
      if (!this.#isUsable(session) && error instanceof CaravanFailure && error.code === 'SOURCE_LOST') {
        throw this.#lost(error);
      }
      throw error;
    } finally {
      this.#giveBack(session);
    }
  }

  /** Keeps at most so many, at least one; what is lent is closed when it comes back. */
  async shrink(connections: number): Promise<void> {
    this.#most = Math.max(1, connections);
    const gone = this.#idle.splice(0, Math.max(0, this.#sessions.size - this.#most));
    for (const session of gone) this.#sessions.delete(session);
    await Promise.all(gone.map((session) => session.close()));
  }

  async close(): Promise<void> {
    for (const wake of this.#waiting.splice(0)) wake(undefined);
    await closeAll(this.#sessions, this.#idle);
  }

  async #take(): Promise<Session> {
    for (let session = this.#idle.shift(); session !== undefined; session = this.#idle.shift()) {
      if (this.#isUsable(session)) return session;
      this.#sessions.delete(session);
    }
    if (this.#sessions.size === 0) throw this.#lost();
    const session = await new Promise<Session | undefined>((resolve) => {
      this.#waiting.push(resolve);
    });
    if (session === undefined) throw this.#lost();
    return this.#isUsable(session) ? session : this.#take();
  }

  #giveBack(session: Session): void {
    const isUsable = this.#isUsable(session);
    if (!isUsable) this.#sessions.delete(session);
    if (this.#sessions.size === 0) for (const wake of this.#waiting.splice(0)) wake(undefined);
    if (!isUsable || !this.#sessions.has(session)) return;
    if (this.#sessions.size > this.#most) {
      this.#sessions.delete(session);
      session.close().catch(() => undefined);
      return;
    }
    const next = this.#waiting.shift();
    if (next) next(session);
    else this.#idle.push(session);
  }
}

/** Both end up empty. What is lent is in the middle of a statement: an orderly end would wait for it. */
async function closeAll<Session extends Closable>(all: Set<Session>, idle: Session[]): Promise<void> {
  const sessions = [...all];
  const resting = new Set(idle.splice(0));
  all.clear();
  await Promise.all(
    sessions.map((session) => {
      if (resting.has(session)) return session.close();
      session.destroy();
      return Promise.resolve();
    }),
  );
}

/** Works on a session that is cut when the signal aborts; the signal's reason is then the failure. */
export async function cutting<T>(
  session: Closable,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const cut = (): void => {
    session.destroy();
  };
  signal?.addEventListener('abort', cut, { once: true });
  try {
    return await work();
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', cut);
  }
}
