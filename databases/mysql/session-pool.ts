import type { ServerEndpoint } from '../../contracts/endpoint.js';
import { IdleSessions } from '../lent-sessions.js';
import { openSession, type MysqlSession } from './connect.js';

/** Sessions outside any snapshot. */
export class SessionPool extends IdleSessions<MysqlSession> {
  constructor(endpoint: ServerEndpoint) {
    super(
      () => openSession(endpoint),
      (session) => session.usable,
    );
  }

  async use<T>(work: (session: MysqlSession) => Promise<T>): Promise<T> {
    const session = await this.take();
    try {
      return await work(session);
    } finally {
      await this.giveBack(session);
    }
  }
}
