import { destination, pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import { redactUrl } from '../secrets/endpoint-url.js';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Facts of one event: `event` first, then ids and counts. Never a row's value, never a secret. */
export type LogFacts = Readonly<Record<string, unknown>> & { readonly event: string };

export interface Log {
  debug(facts: LogFacts): void;
  info(facts: LogFacts): void;
  warn(facts: LogFacts): void;
  error(facts: LogFacts): void;
  /** A logger whose every line carries these facts, such as the migration's id. */
  child(facts: Readonly<Record<string, unknown>>): Log;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** Facts on every line, such as role and process. */
  readonly base?: Readonly<Record<string, unknown>>;
  /** Default: standard error, written at once so that a killed process leaves its last words. */
  readonly stream?: DestinationStream;
}

const SECRET_NAME = /password|passwd|secret|token|authorization|cookie|credential|private_?key/iu;
/** Deeper parts of a fact are not written: facts are flat by custom, and a cycle must not hang the logger. */
const DEPTH_MAX = 5;

export function createLog(options: LogOptions): Log {
  const logger = pino(
    {
      level: options.level,
      base: redactFacts(options.base ?? {}),
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    options.stream ?? destination({ dest: 2, sync: true }),
  );
  return logOf(logger);
}

function logOf(logger: Logger): Log {
  return {
    debug: (facts) => {
      if (logger.isLevelEnabled('debug')) logger.debug(redactFacts(facts));
    },
    info: (facts) => {
      logger.info(redactFacts(facts));
    },
    warn: (facts) => {
      logger.warn(redactFacts(facts));
    },
    error: (facts) => {
      logger.error(redactFacts(facts));
    },
    child: (facts) => logOf(logger.child(redactFacts(facts))),
  };
}

/** The facts without passwords: by the name of a member, and by the form of a URL inside any text. */
export function redactFacts(facts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return redactMembers(facts, 0);
}

function redactMembers(facts: object, depth: number): Record<string, unknown> {
  const clean: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(facts)) {
    clean[name] = SECRET_NAME.test(name) ? '***' : redactValue(value, depth);
  }
  return clean;
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactUrl(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEPTH_MAX) return '…';
  if (value instanceof Error) return redactError(value, depth);
  if (Array.isArray(value)) return value.map((item) => redactValue(item, depth + 1));
  return redactMembers(value, depth + 1);
}

/** A driver's error carries host, query and row values as members: only what is known to be harmless goes on. */
function redactError(error: Error, depth: number): Record<string, unknown> {
  const { code } = error as { code?: unknown };
  return {
    name: error.name,
    message: redactUrl(error.message),
    ...(typeof code === 'string' ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: redactUrl(error.stack) }),
    ...(error.cause instanceof Error ? { cause: redactValue(error.cause, depth + 1) } : {}),
  };
}
