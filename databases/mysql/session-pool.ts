import type { ServerEndpoint } from '../../contracts/endpoint.js';
import { openSession, type MysqlSession } from './connect.js';

/** Idle sessions that are kept for the next use. */
const IDLE_MAX = 4;

/** Sessions outside any snapshot: taken, given back, replaced when lost. */
export class SessionPool {
  readonly #endpoint: ServerEndpoint;
  readonly #idle: MysqlSession[] = [];
  readonly #all = new Set<MysqlSession>();

  constructor(endpoint: ServerEndpoint) {
    this.#endpoint = endpoint;
  }

  async take(): Promise<MysqlSession> {
    for (let session = this.#idle.pop(); session; session = this.#idle.pop()) {
      if (session.usable) return session;
      this.#all.delete(session);
    }
    const session = await openSession(this.#endpoint);
    this.#all.add(session);
    return session;
  }

  async giveBack(session: MysqlSession): Promise<void> {
    if (session.usable && this.#all.has(session) && this.#idle.length < IDLE_MAX) {
      this.#idle.push(session);
      return;
    }
    this.#all.delete(session);
    await session.close();
  }

  async use<T>(work: (session: MysqlSession) => Promise<T>): Promise<T> {
    const session = await this.take();
    try {
      return await work(session);
    } finally {
      await this.giveBack(session);
    }
  }

  /** Closes what is idle. */
  async rest(): Promise<void> {
    const idle = this.#idle.splice(0);
    for (const session of idle) this.#all.delete(session);
    await Promise.all(idle.map((session) => session.close()));
  }

  async close(): Promise<void> {
    const sessions = [...this.#all];
    const idle = new Set(this.#idle.splice(0));
    this.#all.clear();
    await Promise.all(
      sessions.map((session) => {
        if (idle.has(session)) return session.close();
        // In the middle of a query: an orderly end would wait for it.
        session.destroy();
        return Promise.resolve();
      }),
    );
  }
}
