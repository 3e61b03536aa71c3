import { Redis } from 'ioredis';
import type { RedisOptions } from 'ioredis';
import type { BusEvent } from '../../contracts/events.js';
import { eventChannel } from '../../contracts/events.js';
import type { Log } from '../telemetry/log.js';

/** Longest wait between two attempts to reach Redis, milliseconds. */
const RECONNECT_MS_MAX = 5000;
/** An answer later than this counts as none, milliseconds. */
const COMMAND_MS_MAX = 2000;
/** Events on their way; more than this means that Redis hangs, and events are dropped. */
const IN_FLIGHT_MAX = 1000;

/**
 * Broadcast over Redis pub/sub. Everyone hears an event now or never: nothing may depend on it, so a Redis that is
 * away costs its callers nothing.
 */
export interface Bus {
  /** Never throws, never waits. */
  readonly publish: (event: BusEvent) => void;
  /** `channelPattern`: see `eventChannel`; `caravan:events:*` hears all. Gives the way to stop. */
  readonly subscribe: (channelPattern: string, handler: (event: BusEvent) => void) => () => void;
  readonly counters: () => BusCounters;
  readonly close: () => Promise<void>;
}

export interface BusCounters {
  readonly published: number;
  /** Events that were not sent because Redis was away or hung. */
  readonly dropped: number;
  readonly received: number;
}

interface Counters {
  published: number;
  dropped: number;
  received: number;
}

export function openBus(redisUrl: string, log: Log): Bus {
  const counters: Counters = { published: 0, dropped: 0, received: 0 };
  const sender = connect(redisUrl, { connectionName: 'caravan/bus' });
  reportOutages(sender, log, counters);
  const listener = openListener(() => connect(redisUrl, { connectionName: 'caravan/bus-listener' }), { log, counters });
  return {
    publish: openPublisher(sender, counters),
    subscribe: (channelPattern, handler) => listener.subscribe(channelPattern, handler),
    counters: () => ({ ...counters }),
    close: async () => {
      listener.close();
      await hangUp(sender);
    },
  };
}

function connect(redisUrl: string, options: RedisOptions): Redis {
  return new Redis(redisUrl, {
    ...options,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_MS_MAX,
    connectTimeout: COMMAND_MS_MAX,
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 10), RECONNECT_MS_MAX),
  });
}

function openPublisher(sender: Redis, counters: Counters): (event: BusEvent) => void {
  let inFlight = 0;
  return (event) => {
    if (sender.status !== 'ready' || inFlight >= IN_FLIGHT_MAX) {
      counters.dropped += 1;
      return;
    }
    inFlight += 1;
    sender.publish(eventChannel(event.migrationId), JSON.stringify(event)).then(
      () => {
        inFlight -= 1;
        counters.published += 1;
      },
      () => {
        inFlight -= 1;
        counters.dropped += 1;
      },
    );
  };
}

/** One line when Redis goes and one when it is back, however often it is tried in between. */
function reportOutages(redis: Redis, log: Log, counters: Counters): void {
  let away = false;
  redis.on('error', (error: NodeJS.ErrnoException) => {
    if (away) return;
    away = true;
    log.warn({ event: 'bus.redis_away', code: error.code ?? error.name });
  });
  redis.on('ready', () => {
    if (away) log.info({ event: 'bus.redis_back', dropped: counters.dropped });
    away = false;
  });
}

type Handler = (event: BusEvent) => void;

/** A connection that listens can do nothing else, so it is its own, and made only when somebody listens. */
function openListener(make: () => Redis, context: { log: Log; counters: Counters }) {
  const handlers = new Map<string, Set<Handler>>();
  let redis: Redis | undefined;
  const start = () => {
    const made = make();
    made.on('error', () => undefined);
    made.on('ready', () => void made.psubscribe(...handlers.keys()).catch(() => undefined));
    made.on('pmessage', (pattern: string, _channel: string, text: string) => {
      const event = parseEvent(text);
      if (event === undefined) return;
      context.counters.received += 1;
      for (const handler of handlers.get(pattern) ?? []) hand(handler, event, context.log);
    });
    return made;
  };
  return {
    subscribe: (pattern: string, handler: Handler) => {
      const set = handlers.get(pattern) ?? new Set();
      handlers.set(pattern, set.add(handler));
      redis ??= start();
      if (redis.status === 'ready') void redis.psubscribe(pattern).catch(() => undefined);
      return () => {
        set.delete(handler);
      };
    },
    close: () => {
      handlers.clear();
      redis?.disconnect();
    },
  };
}

function hand(handler: Handler, event: BusEvent, log: Log): void {
  try {
    handler(event);
  } catch (error) {
    log.error({ event: 'bus.handler_failed', type: event.type, error });
  }
}

function parseEvent(text: string): BusEvent | undefined {
  try {
    const event: unknown = JSON.parse(text);
    return isEvent(event) ? event : undefined;
  } catch {
    return undefined;
  }
}

function isEvent(value: unknown): value is BusEvent {
  if (typeof value !== 'object' || value === null) return false;
  const { type, migrationId, at, data } = value as Partial<Record<keyof BusEvent, unknown>>;
  return (
    typeof type === 'string' && typeof migrationId === 'string' && typeof at === 'string' && typeof data === 'object'
  );
}

/** Says good-bye where Redis listens, so that the last events arrive; else just leaves. */
async function hangUp(redis: Redis): Promise<void> {
  if (redis.status === 'ready') await redis.quit().catch(() => undefined);
  redis.disconnect();
}
