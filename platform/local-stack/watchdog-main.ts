// A process of its own: ends what it was told of when the pipe on its standard input closes, even when the supervisor
// was killed with SIGKILL. It lives in its own session, so that Ctrl-C does not reach it.
import { createInterface } from 'node:readline';
import { endProcesses } from './processes.js';
import type { StopOrder } from './processes.js';

/** Polite time for all parts together, in milliseconds. */
const GRACE_MS = 8_000;

const orders = new Map<number, StopOrder>();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => undefined);

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const message = JSON.parse(line) as { watch?: StopOrder; forget?: number };
  if (message.watch !== undefined) orders.set(message.watch.pid, message.watch);
  if (message.forget !== undefined) orders.delete(message.forget);
});
lines.on('close', () => {
  void endProcesses([...orders.values()], GRACE_MS).finally(() => process.exit(0));
});
