/** One Ctrl-C may arrive twice: from the terminal, and again through bin/caravan.js. */
const SAME_INTERRUPT_MS = 300;

/**
 * What signals ask of a command that follows a migration. Ctrl-C asks for cancellation, a second one to leave at
 * once; SIGTERM and SIGHUP ask to leave: whoever sends them wants this process to end, not the migration.
 */
export interface Interrupts {
  /** Resolves at the first Ctrl-C. */
  readonly cancelled: Promise<'cancelled'>;
  /** Resolves when the process is asked to leave. */
  readonly left: Promise<'left'>;
  close(): void;
}

export function listenForInterrupts(): Interrupts {
  const cancelled = Promise.withResolvers<'cancelled'>();
  const left = Promise.withResolvers<'left'>();
  let firstMs: number | undefined;
  const onInterrupt = (): void => {
    const nowMs = performance.now();
    firstMs ??= nowMs;
    cancelled.resolve('cancelled');
    if (nowMs - firstMs > SAME_INTERRUPT_MS) left.resolve('left');
  };
  const onLeave = (): void => {
    left.resolve('left');
  };
  process.on('SIGINT', onInterrupt);
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, onLeave);
  return {
    cancelled: cancelled.promise,
    left: left.promise,
    close: () => {
      process.off('SIGINT', onInterrupt);
      for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.off(signal, onLeave);
    },
  };
}
