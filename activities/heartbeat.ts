import { Context } from '@temporalio/activity';

/** Once a second: the server notices a dead process within three. */
const INTERVAL_MS = 1000;

type Details = Readonly<Record<string, number | string>>;

export interface Alive {
  readonly signal: AbortSignal;
  /** What the attempt before told last; empty in the first, and where the workflow sent it again. */
  readonly earlier: Details;
  /** What the next heartbeat tells; counts only. */
  report(details: Details): void;
}

/** Runs long work with heartbeats. On cancellation the signal aborts, and the cancellation is what is thrown. */
export async function alive<T>(work: (alive: Alive) => Promise<T>): Promise<T> {
  const context = Context.current();
  const earlier = (context.info.heartbeatDetails ?? {}) as Details;
  let details = earlier;
  const timer = setInterval(() => {
    context.heartbeat(details);
  }, INTERVAL_MS);
  context.heartbeat(details);
  try {
    return await work({
      signal: context.cancellationSignal,
      earlier,
      report: (seen) => {
        details = seen;
      },
    });
  } catch (error) {
    if (context.cancellationSignal.aborted) return await context.cancelled;
    throw error;
  } finally {
    clearInterval(timer);
  }
}
