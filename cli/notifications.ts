import type { Config } from '../config/config.js';
import { readLivingStack } from '../platform/local-stack/stack-state.js';
import type { DeadNotification } from '../platform/store/store.js';
import type { CliContext } from './cli-context.js';
import { openStoreAt, withSession } from './session.js';
import { patient } from './patience.js';
import { countText, printable, textTable } from './text-table.js';

/** Notifications that `notifications` shows, the oldest first. */
const LISTED = 100;

/** `caravan notifications`: those that could not be delivered; `resend` has them tried again first. */
export async function runNotifications(
  context: CliContext,
  options: { json?: boolean; resend?: boolean },
): Promise<number> {
  return withSession(
    context,
    async ({ store }) => {
      const resent = options.resend === true ? await patient(() => store.outbox.revive()) : 0;
      const { count, notifications } = await patient(() => store.outbox.dead(LISTED));
      if (options.json === true) {
        context.print(JSON.stringify({ resent, undelivered: count, notifications: notifications.map(shownOf) }));
        return 0;
      }
      if (options.resend === true) context.print(`${countText(resent)} notifications are sent again`);
      for (const line of deadLines(count, notifications)) context.print(line);
      return 0;
    },
    { loud: options.json !== true },
  );
}

function shownOf({ id, channel, attempts, reason, deadAt, notification }: DeadNotification): Record<string, unknown> {
  return { id, channel, attempts, reason, gaveUpAt: deadAt, ...notification };
}

function deadLines(count: number, notifications: readonly DeadNotification[]): string[] {
  if (count === 0) return ['every notification was delivered, or is on its way'];
  const rows = notifications.map(({ channel, attempts, reason, deadAt, notification }) =>
    [
      notification.migrationId,
      notification.kind,
      channel,
      `${reason}, tried ${String(attempts)} times`,
      deadAt.slice(0, 19).replace('T', ' '),
      notification.text,
    ].map(printable),
  );
  const more = count - notifications.length;
  return [
    ...textTable([['MIGRATION', 'KIND', 'CHANNEL', 'FAILURE', 'GAVE UP (UTC)', 'TEXT'], ...rows]),
    ...(more > 0 ? [`… and ${countText(more)} more`] : []),
    undeliveredText(count),
    'caravan notifications --resend    (when the receiver is mended)',
  ];
}

export function undeliveredText(count: number): string {
  return count === 1
    ? '1 notification could not be delivered'
    : `${countText(count)} notifications could not be delivered`;
}

/** Notifications that could not be delivered; null where there is no store to ask without starting one. */
export async function countUndelivered(config: Config): Promise<number | null> {
  const living = readLivingStack(config.home);
  const databaseUrl = living === null ? config.databaseUrl : living.phase === 'ready' ? living.databaseUrl : null;
  if (databaseUrl === null) return null;
  try {
    const store = await openStoreAt(config, databaseUrl);
    try {
      return (await store.outbox.dead(1)).count;
    } finally {
      await store.close();
    }
  } catch {
    // Whether the database answers is told elsewhere.
    return null;
  }
}
