import { createHmac } from 'node:crypto';
import type { Deps } from '../deps.js';

export interface Channels {
  readonly webhook: { readonly url: string; readonly secret: string } | null;
}

/** Time between two looks at the outbox, in milliseconds. */
const INTERVAL_MS = 500;
/** Migrations that are told about at once. */
const BATCH = 20;
/** Longer than a delivery may take. */
const LEASE_SECONDS = 30;
/** A delivery that takes longer has failed, in milliseconds. */
const TIMEOUT_MS = 10_000;
const MAX_RETRY_SECONDS = 300;
/** An answer that will not change by itself is asked for so often, in case it does. */
const REFUSED = { tries: 3, afterSeconds: 0 } as const;
/** A receiver that is away or broken is waited for so long. */
const AWAY = { tries: 20, afterSeconds: 24 * 3600 } as const;
/** Refusals that mean "later": request timeout, too early, too many requests. */
const LATER: readonly number[] = [408, 425, 429];

type Webhook = NonNullable<Channels['webhook']>;
type Claimed = Awaited<ReturnType<Deps['store']['outbox']['claim']>>[number];

/**
 * Brings notifications from the outbox to the webhook, those of a migration in their order. A dead channel loses
 * nothing: what was not delivered stays, and is tried again with back-off. What is refused, or was tried for a day in
 * vain, is given up: it is kept apart (`caravan notifications`) and holds up no later one. The terminal reads the
 * outbox itself.
 */
export function openDispatcher(deps: Deps, { webhook }: Channels): { stop(): Promise<void> } {
  let stopped = false;
  const loop = async (): Promise<void> => {
    while (!stopped) {
      const tried = webhook === null ? 0 : await deliverBatch(deps, webhook).catch(() => 0);
      if (tried === 0) await pause(INTERVAL_MS);
    }
  };
  const running = loop();
  return {
    stop: async () => {
      stopped = true;
      await running;
    },
  };
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** At most one of each migration, all at once: a receiver that is slow for one keeps no other waiting. */
async function deliverBatch(deps: Deps, webhook: Webhook): Promise<number> {
  const claimed = await deps.store.outbox.claim('webhook', BATCH, LEASE_SECONDS);
  await Promise.all(claimed.map((each) => deliver(deps, webhook, each)));
  return claimed.length;
}

async function deliver({ store, log }: Deps, webhook: Webhook, claimed: Claimed): Promise<void> {
  const { id, attempts } = claimed;
  const refusal = await post(webhook, claimed).catch((error: unknown): Refusal => ({
    reason: reasonOf(error),
    giveUp: AWAY,
  }));
  if (refusal === undefined) {
    await store.outbox.delivered(id, 'webhook');
    return;
  }
  const retryInSeconds = Math.min(MAX_RETRY_SECONDS, 2 ** attempts);
  const { dead } = await store.outbox.failed(claimed, 'webhook', { ...refusal, retryInSeconds });
  const { reason } = refusal;
  if (dead) log.error({ event: 'notify.gave_up', id, attempts, reason });
  else log.warn({ event: 'notify.failed', id, attempts, reason, retryInSeconds });
}

interface Refusal {
  readonly reason: string;
  readonly giveUp: { readonly tries: number; readonly afterSeconds: number };
}

/**
 * `X-Caravan-Signature: sha256=<hex of HMAC-SHA-256 over the body>`; `X-Caravan-Delivery` is the same in every attempt,
 * so that a receiver can drop what it has seen, and grows within a migration. Undefined: it was taken.
 */
async function post({ url, secret }: Webhook, { id, notification }: Claimed): Promise<Refusal | undefined> {
  const body = JSON.stringify({ id, ...notification });
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-caravan-delivery': String(id),
      'x-caravan-signature': `sha256=${signature}`,
    },
    body,
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  // What the receiver writes is not read; unread, it would hold the connection.
  await response.body?.cancel();
  if (response.ok) return undefined;
  const isFinal = response.status < 500 && !LATER.includes(response.status);
  return { reason: `HTTP ${String(response.status)}`, giveUp: isFinal ? REFUSED : AWAY };
}

/** "ECONNREFUSED", or the error's name: never its text. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code;
  return cause instanceof Error ? cause.name : 'unknown';
}
