import type { MysqlSession } from './connect.js';

/** How long the server may take to end a query before the connection, and a snapshot that it holds, is given up; ms. */
const PATIENCE_MS = 10_000;

/** A query in the middle of its result. */
interface RunningQuery {
  readonly ended: boolean;
  /** Throws the rest of the result away; resolves when the query is over. */
  discard(): Promise<void>;
}

/** A query whose result comes in batches. */
export interface QueryFeed<Batch> extends RunningQuery {
  /** Undefined: there are no more. */
  next(): Promise<Batch | undefined>;
  fail(reason: unknown): void;
  /** Gives the connection back to the driver. */
  release(): void;
}

/** The batches of a feed, which begins when the first is asked for; a query that is left in its middle is ended. */
export async function* batchesOf<Batch>(
  session: MysqlSession,
  begin: () => QueryFeed<Batch>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Batch> {
  const feed = begin();
  const onAbort = (): void => {
    feed.fail(signal?.reason);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    for (let batch = await feed.next(); batch; batch = await feed.next()) {
      yield batch;
      signal?.throwIfAborted();
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    await endQuery(session, feed);
    feed.release();
  }
}

/**
 * Ends a query in the middle of its result. It is killed from a second connection, so that this one and the snapshot
 * that it holds live on; where that does not work in time the connection is destroyed.
 */
async function endQuery(session: MysqlSession, query: RunningQuery): Promise<void> {
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
