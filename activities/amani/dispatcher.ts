import { createHmac } from 'node:crypto';
import type { Notification } from '../../contracts/events.js';
import type { Deps } from '../deps.js';

export interface Channels {
  readonly webhook: { readonly url: string; readonly secret: string } | null;
}

/** Time between two looks at the outbox, in milliseconds. */
const INTERVAL_MS = 500;
const BATCH = 20;
const LEASE_SECONDS = 30;
/** A delivery that takes longer has failed, in milliseconds. */
const TIMEOUT_MS = 10_000;
const MAX_RETRY_SECONDS = 300;

/**
 * Brings notifications from the outbox to the webhook. A dead channel loses nothing: what was not delivered stays, and
 * is tried again with back-off. The terminal reads the outbox itself.
 */
export function openDispatcher(deps: Deps, { webhook }: Channels): { stop(): Promise<void> } {
  let stopped = false;
  const loop = async (): Promise<void> => {
    while (!stopped) {
      const delivered = webhook === null ? 0 : await deliverBatch(deps, webhook).catch(() => 0);
      if (delivered === 0) await pause(INTERVAL_MS);
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

async function deliverBatch(deps: Deps, webhook: NonNullable<Channels['webhook']>): Promise<number> {
  const claimed = await deps.store.outbox.claim('webhook', BATCH, LEASE_SECONDS);
  for (const { id, attempts, notification } of claimed) {
    try {
      await post(webhook, id, notification);
      await deps.store.outbox.delivered(id, 'webhook');
    } catch {
      const retryInSeconds = Math.min(MAX_RETRY_SECONDS, 2 ** attempts);
      deps.log.warn({ event: 'notify.failed', id, attempts, retryInSeconds });
      await deps.store.outbox.failed(id, 'webhook', retryInSeconds);
    }
  }
  return claimed.length;
}

/**
 * `X-Caravan-Signature: sha256=<hex of HMAC-SHA-256 over the body>`; `X-Caravan-Delivery` is the same in every attempt,
 * so that a receiver can drop what it has seen.
 */
async function post(
  { url, secret }: NonNullable<Channels['webhook']>,
  id: number,
  notification: Notification,
): Promise<void> {
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
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`the webhook answered ${String(response.status)}`);
}
