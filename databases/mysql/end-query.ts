import type { MysqlSession } from './connect.js';

/** How long the server may take to end a query before the connection is given up, in milliseconds. */
const PATIENCE_MS = 3000;

/** A query in the middle of its result. */
export interface RunningQuery {
  readonly ended: boolean;
  /** Throws the rest of the result away; resolves when the query is over. */
  discard(): Promise<void>;
}

/**
 * Ends a query in the middle of its result. It is killed from a second connection, so that this one and the snapshot
 * that it holds live on; where that does not work in time the connection is destroyed.
 */
export async function endQuery(session: MysqlSession, query: RunningQuery): Promise<void> {
  if (query.ended) return;
  if (!session.usable) {
    session.destroy();
    return;
  }
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, 'late' as const);
  });
  try {
    const over = killed(session, query);
    if ((await Promise.race([over, late])) === 'late') {
      session.destroy();
      await over.catch(() => undefined);
    }
  } catch {
    session.destroy();
  } finally {
    clearTimeout(timer);
  }
}

async function killed(session: MysqlSession, query: RunningQuery): Promise<void> {
  const discarded = query.discard();
  const killer = await session.another();
  try {
    if (!query.ended) await killer.query(`KILL QUERY ${String(session.connection.threadId)}`);
  } finally {
    await killer.close();
  }
  await discarded;
  // A kill that came after the end would hit the next statement: this one takes it.
  await session.query('DO 0').catch(() => undefined);
}
