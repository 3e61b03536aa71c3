import { homedir, userInfo } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { z } from 'zod';

/** An empty variable is an unset one, as in every shell script. */
const text = z.string().trim().min(1).nullable().catch(null);
const url = (...schemes: readonly string[]) =>
  text.refine((value) => value === null || schemes.some((scheme) => value.startsWith(`${scheme}://`)), {
    error: `must begin with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
  });
const role = z.enum(['control', 'copy', 'verify', 'notify']);

const environmentSchema = z.object({
  CARAVAN_HOME: text,
  CARAVAN_INSTALL: text.pipe(z.enum(['auto', 'never']).nullable()),
  CARAVAN_WORKERS: text
    .transform((value) => value?.split(',').map((name) => name.trim()) ?? null)
    .pipe(z.array(role).nullable()),
  CARAVAN_SECRET_KEY: text,
  CARAVAN_AUTO_APPROVE_RISK: text
    .refine((value) => value === null || /^(?:0?\.\d+|0(?:\.\d*)?|1(?:\.0*)?)$/.test(value), {
      error: 'must be a number from 0 to 1, such as 0.2',
    })
    .transform((value) => (value === null ? null : Number(value))),
  CARAVAN_FAILPOINT: text,
  CARAVAN_WEBHOOK_URL: url('http', 'https'),
  CARAVAN_WEBHOOK_SECRET: text,
  CARAVAN_LOG_LEVEL: text.pipe(z.enum(['trace', 'debug', 'info', 'warn', 'error']).nullable()),
  TEMPORAL_ADDRESS: text,
  TEMPORAL_NAMESPACE: text,
  DATABASE_URL: url('postgres', 'postgresql'),
  REDIS_URL: url('redis', 'rediss'),
  REDIS_STREAMS_URL: url('redis', 'rediss'),
  XDG_DATA_HOME: text,
  XDG_CACHE_HOME: text,
  PATH: text,
});

export type Environment = Readonly<Record<string, string | undefined>>;
export type WorkerRole = z.infer<typeof role>;

/** Everything that Caravan takes from its environment; deeply frozen. Null: not set. */
export interface Config {
  /** The one data folder, absolute. Default `$XDG_DATA_HOME/caravan`, else `~/.local/share/caravan`. */
  readonly home: string;
  /** Installed binaries that several data folders share. Default `$XDG_CACHE_HOME/caravan`, else `~/.cache/caravan`. */
  readonly cacheFolder: string;
  /** `never` forbids to install missing parts. Default `auto`. */
  readonly install: 'auto' | 'never';
  /** The worker processes of the local stack; a role named twice runs twice. Default one of each role. */
  readonly workers: readonly WorkerRole[];
  readonly temporal: { readonly address: string | null; readonly namespace: string | null };
  readonly databaseUrl: string | null;
  readonly redisUrl: string | null;
  /** Default the same as `redisUrl`. */
  readonly redisStreamsUrl: string | null;
  readonly secretKey: string | null;
  /** Plans up to this risk (0 to 1) are approved without a person. Null: the policy is off. */
  readonly autoApproveRisk: number | null;
  /** Tests only: where a worker dies; see activities/failpoints.ts. */
  readonly failpoint: string | null;
  /** Where notifications go, signed with HMAC-SHA-256. Null: no webhook. */
  readonly webhook: { readonly url: string; readonly secret: string } | null;
  /** Default `info`. */
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  /** The user of the operating system, for `by`. */
  readonly user: string;
  readonly searchPath: readonly string[];
  /** The whole environment, for child processes. */
  readonly environment: Readonly<Record<string, string>>;
}

/** A variable has a value that is not of the documented form. The value itself is not repeated: it may be a secret. */
export class ConfigInvalid extends Error {
  override readonly name = 'ConfigInvalid';
  readonly variable: string;

  constructor(variable: string, problem: string) {
    super(`the environment variable "${variable}" is not valid: ${problem}`);
    this.variable = variable;
  }
}

/** Reads and checks the environment; the only place of Caravan that does. Default the environment of this process. */
export function readConfig(environment: Environment = process.env): Config {
  const parsed = environmentSchema.safeParse(environment);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ConfigInvalid(String(issue?.path[0]), issue?.message ?? 'unknown');
  }
  const env = parsed.data;
  const dataHome = env.XDG_DATA_HOME ?? join(homeOf(environment), '.local', 'share');
  const cacheHome = env.XDG_CACHE_HOME ?? join(homeOf(environment), '.cache');
  return Object.freeze({
    home: resolve(env.CARAVAN_HOME ?? join(dataHome, 'caravan')),
    cacheFolder: resolve(cacheHome, 'caravan'),
    install: env.CARAVAN_INSTALL ?? 'auto',
    workers: Object.freeze(env.CARAVAN_WORKERS ?? [...role.options]),
    temporal: Object.freeze({ address: env.TEMPORAL_ADDRESS, namespace: env.TEMPORAL_NAMESPACE }),
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    redisStreamsUrl: env.REDIS_STREAMS_URL ?? env.REDIS_URL,
    secretKey: env.CARAVAN_SECRET_KEY,
    autoApproveRisk: env.CARAVAN_AUTO_APPROVE_RISK,
    failpoint: env.CARAVAN_FAILPOINT,
    webhook: webhookOf(env.CARAVAN_WEBHOOK_URL, env.CARAVAN_WEBHOOK_SECRET),
    logLevel: env.CARAVAN_LOG_LEVEL ?? 'info',
    user: userName(),
    searchPath: Object.freeze((env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')),
    environment: Object.freeze(Object.fromEntries(Object.entries(environment).filter(isSet))),
  });
}

function webhookOf(url: string | null, secret: string | null): Config['webhook'] {
  if (url === null) return null;
  if (secret === null) throw new ConfigInvalid('CARAVAN_WEBHOOK_SECRET', 'a webhook must be signed: set the secret');
  return Object.freeze({ url, secret });
}

/** The configuration as it may be printed: no password, no key, nothing of the rest of the environment. */
export function redactConfig(config: Config): Record<string, unknown> {
  const { environment, searchPath, ...shown } = config;
  return {
    ...shown,
    secretKey: config.secretKey === null ? null : '(set)',
    webhook: config.webhook === null ? null : '(set)',
    databaseUrl: redactUrl(config.databaseUrl),
    redisUrl: redactUrl(config.redisUrl),
    redisStreamsUrl: redactUrl(config.redisStreamsUrl),
    environment: `${String(Object.keys(environment).length)} variables`,
    searchPath: `${String(searchPath.length)} folders`,
  };
}

function redactUrl(address: string | null): string | null {
  if (address === null) return null;
  if (!URL.canParse(address)) return '(not a URL)';
  const { protocol, host, pathname } = new URL(address);
  return `${protocol}//${host}${pathname}`;
}

function isSet(entry: [string, string | undefined]): entry is [string, string] {
  return entry[1] !== undefined;
}

function homeOf(environment: Environment): string {
  return environment.HOME ?? homedir();
}

/** A container may run under a number that has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${String(process.getuid?.())}`;
  }
}
