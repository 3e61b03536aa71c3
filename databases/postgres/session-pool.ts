import type { ServerEndpoint } from '../../contracts/endpoint.js';
import { openSession, reopenSession } from './connect.js';
import type { Session } from './connect.js';

/** Idle backends kept for the next use; more are closed at once. */
const IDLE_MAX = 4;

/** Lends sessions one at a time to one user each. Sessions must come back with pinned settings and no transaction. */
export class SessionPool {
  readonly #endpoint: ServerEndpoint;
  readonly #application: string;
  readonly #idle: Session[] = [];
  readonly #lent = new Set<Session>();
  #closed = false;

  constructor(endpoint: ServerEndpoint, application: string) {
    this.#endpoint = endpoint;
    this.#application = application;
  }

  /** The first session; here, a server that cannot be reached is bad input. */
  async open(): Promise<void> {
    await this.give(await openSession(this.#endpoint, this.#application));
  }

  async take(): Promise<Session> {
    for (let session = this.#idle.pop(); session !== undefined; session = this.#idle.pop()) {
      if (!session.lost) return this.#lend(session);
    }
    return this.#lend(await reopenSession(this.#endpoint, this.#application));
  }

  /** Gives a session back; one that broke, or is one too many, is closed. */
  async give(session: Session): Promise<void> {
    this.#lent.delete(session);
    if (session.lost || this.#closed || this.#idle.length >= IDLE_MAX) return session.close();
    this.#idle.push(session);
  }

  /** For a session whose state is unknown. */
  discard(session: Session): void {
    this.#lent.delete(session);
    session.destroy();
  }

  /** A session that is discarded when the work fails. */
  async use<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const session = await this.take();
    try {
      const result = await work(session);
      await this.give(session);
      return result;
    } catch (error) {
      this.discard(session);
      throw error;
    }
  }

  /** Closes idle sessions and cuts those still lent: their transactions roll back. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const session of this.#lent) session.destroy();
    this.#lent.clear();
    await Promise.all(this.#idle.splice(0).map((session) => session.close()));
  }

  #lend(session: Session): Session {
    this.#lent.add(session);
    return session;
  }
}

/** Runs `work` in one transaction; rolled back when it throws. */
export async function inTransaction<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.run('BEGIN');
  try {
    const result = await work();
    await session.run('COMMIT');
    return result;
  } catch (error) {
    if (!session.lost) await session.run('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
