import { homedir, userInfo } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { z } from 'zod';

/** An empty variable is an unset one, as in every shell script. */
const text = z.string().trim().min(1).nullable().catch(null);
const url = (...schemes: readonly string[]) =>
  text.refine((value) => value === null || schemes.some((scheme) => value.startsWith(`${scheme}://`)), {
    error: `must begin with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
  });
/** A positive number; `fallback` where nothing is set. */
const positive = (fallback: number) =>
  text
    .transform((value) => (value === null ? fallback : Number(value)))
    .pipe(z.number({ error: 'must be a number' }).positive({ error: 'must be greater than zero' }));
const wholePositive = (fallback: number) => positive(fallback).pipe(z.int({ error: 'must be a whole number' }));
/** Texts between commas; none where nothing is set. */
const list = text.transform((value) =>
  (value ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== ''),
);
/** `example.org`, `10.0.0.7:8080`, `[fd00::1]:443`. */
const hosts = list.pipe(
  z.array(
    z.string().regex(/^(?:\[[\da-f:.]+\]|[^\s:/@[\]]+)(?::\d{1,5})?$/i, { error: 'must be host or host:port, …' }),
  ),
);
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
  CARAVAN_MODEL_URL: url('http', 'https'),
  CARAVAN_MODEL_NAME: text,
  CARAVAN_MODEL_KEY: text.refine(
    (value) => value === null || /^(?:env:[A-Za-z_][A-Za-z0-9_]*|file:\/.+)$/u.test(value),
    {
      error: 'must be a reference: env:NAME or file:/PATH',
    },
  ),
  CARAVAN_WEBHOOK_URL: url('http', 'https'),
  CARAVAN_WEBHOOK_SECRET: text,
  CARAVAN_CALL_STACKS: text.pipe(z.enum(['on', 'off']).nullable()),
  CARAVAN_LOG_LEVEL: text.pipe(z.enum(['trace', 'debug', 'info', 'warn', 'error']).nullable()),
  MAX_CONCURRENT_WORKFLOWS: wholePositive(1000),
  WORKFLOW_TIMEOUT_HOURS: positive(24),
  AGENT_ALLOCATION_TIMEOUT_SECONDS: positive(300),
  CHECKPOINT_INTERVAL_MINUTES: positive(5),
  SAGA_COMPENSATION_TIMEOUT_SECONDS: positive(600),
  CIRCUIT_BREAKER_FAILURE_THRESHOLD: wholePositive(5),
  CARAVAN_AGENT_LEASE_SECONDS: positive(45),
  CARAVAN_HTTP_ALLOW: hosts,
  CARAVAN_SQL_WRITE: list,
  CARAVAN_API_HOST: text,
  CARAVAN_API_PORT: text
    .transform((value) => (value === null ? null : Number(value)))
    .pipe(z.int({ error: 'must be a port number' }).min(0).max(65_535).nullable()),
  CARAVAN_API_JWKS_URL: url('http', 'https'),
  CARAVAN_API_JWT_SECRET: text,
  CARAVAN_API_AUDIENCE: text,
  CARAVAN_API_ISSUER: text,
  EVENT_RETENTION_HOURS: positive(168),
  DB_PASSWORD: text,
  TEMPORAL_ADDRESS: text,
  TEMPORAL_NAMESPACE: text,
  DATABASE_URL: url('postgres', 'postgresql'),
  REDIS_URL: url('redis', 'rediss'),
  REDIS_STREAMS_URL: url('redis', 'rediss'),
  KUBERNETES_CONFIG_PATH: text,
  XDG_DATA_HOME: text,
  XDG_CACHE_HOME: text,
  PATH: text,
});

/** Names of all variables that are read. */
export const SETTINGS: readonly string[] = Object.keys(environmentSchema.shape);

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
  /** DATABASE_URL; `${DB_PASSWORD}` in it is filled in. */
  readonly databaseUrl: string | null;
  readonly redisUrl: string | null;
  /** Default the same as `redisUrl`. */
  readonly redisStreamsUrl: string | null;
  /** KUBERNETES_CONFIG_PATH: a kubeconfig, which the doctor looks at. */
  readonly kubernetesConfig: string | null;
  readonly secretKey: string | null;
  /** The orchestration engine (OE-22). */
  readonly engine: {
    /** MAX_CONCURRENT_WORKFLOWS, default 1000: executions beyond wait for their turn. */
    readonly maxConcurrentWorkflows: number;
    /** WORKFLOW_TIMEOUT_HOURS, default 24, in seconds: how long an execution may work. */
    readonly workflowTimeoutSeconds: number;
    /** AGENT_ALLOCATION_TIMEOUT_SECONDS, default 300: how long an execution waits for an agent. */
    readonly agentAllocationTimeoutSeconds: number;
    /** CHECKPOINT_INTERVAL_MINUTES, default 5, in seconds. */
    readonly checkpointIntervalSeconds: number;
    /** SAGA_COMPENSATION_TIMEOUT_SECONDS, default 600: how long a failing undo is tried again before a person is asked. */
    readonly sagaCompensationTimeoutSeconds: number;
    /** CIRCUIT_BREAKER_FAILURE_THRESHOLD, default 5: of definitions with a circuit breaker that name none. */
    readonly circuitBreakerFailureThreshold: number;
    /** CARAVAN_AGENT_LEASE_SECONDS, default 45: how long an agent's registration holds without a word. */
    readonly agentLeaseSeconds: number;
    /** CARAVAN_HTTP_ALLOW: private hosts that the agent `http` may call, as `host` (any port) or `host:port`. */
    readonly httpAllow: readonly string[];
    /** CARAVAN_SQL_WRITE: names of connections that the agent `sql` may write to. */
    readonly sqlWrite: readonly string[];
    /** EVENT_RETENTION_HOURS, default 168: how long events of an execution are kept after it ended. */
    readonly eventRetentionHours: number;
  };
  /** The HTTP API. */
  readonly api: {
    /** CARAVAN_API_HOST, default 127.0.0.1. */
    readonly host: string;
    /** CARAVAN_API_PORT. Null: 7420 for `caravan api`; a free one, which is kept, in the local stack. */
    readonly port: number | null;
    /** Who may call it. Null: nothing is configured, and everybody who reaches a loopback address may do everything. */
    readonly tokens: ApiTokens | null;
  };
  /** Plans up to this risk (0 to 1) are approved without a person. Null: the policy is off. */
  readonly autoApproveRisk: number | null;
  /** Tests only: where a worker dies; see activities/failpoints.ts. */
  readonly failpoint: string | null;
  /** An OpenAI-compatible endpoint that names and ranks mined rules. Null: none; everything is deterministic. */
  readonly model: { readonly url: string; readonly name: string; readonly key: string | null } | null;
  /** Where notifications go, signed with HMAC-SHA-256. Null: no webhook. */
  readonly webhook: { readonly url: string; readonly secret: string } | null;
  /** CARAVAN_CALL_STACKS, default off: workflows tell where they wait, for the query `__stack_trace`. */
  readonly callStacks: boolean;
  /** Default `info`. */
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  /** The user of the operating system, for `by`. */
  readonly user: string;
  readonly searchPath: readonly string[];
  /** The whole environment, for child processes. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Which tokens the API takes: signed by a key of the set, or with the shared secret; and for it, by the issuer. */
export interface ApiTokens {
  readonly jwksUrl: string | null;
  /** At least 32 bytes. */
  readonly secret: string | null;
  readonly audience: string;
  readonly issuer: string;
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
    databaseUrl: withPassword(env.DATABASE_URL, env.DB_PASSWORD),
    redisUrl: env.REDIS_URL,
    redisStreamsUrl: env.REDIS_STREAMS_URL ?? env.REDIS_URL,
    kubernetesConfig: env.KUBERNETES_CONFIG_PATH,
    secretKey: env.CARAVAN_SECRET_KEY,
    engine: Object.freeze({
      maxConcurrentWorkflows: env.MAX_CONCURRENT_WORKFLOWS,
      workflowTimeoutSeconds: env.WORKFLOW_TIMEOUT_HOURS * 3600,
      agentAllocationTimeoutSeconds: env.AGENT_ALLOCATION_TIMEOUT_SECONDS,
      checkpointIntervalSeconds: env.CHECKPOINT_INTERVAL_MINUTES * 60,
      sagaCompensationTimeoutSeconds: env.SAGA_COMPENSATION_TIMEOUT_SECONDS,
      circuitBreakerFailureThreshold: env.CIRCUIT_BREAKER_FAILURE_THRESHOLD,
      agentLeaseSeconds: env.CARAVAN_AGENT_LEASE_SECONDS,
      httpAllow: Object.freeze(env.CARAVAN_HTTP_ALLOW.map((host) => host.toLowerCase())),
      sqlWrite: Object.freeze(env.CARAVAN_SQL_WRITE),
      eventRetentionHours: env.EVENT_RETENTION_HOURS,
    }),
    api: Object.freeze({
      host: env.CARAVAN_API_HOST ?? '127.0.0.1',
      port: env.CARAVAN_API_PORT,
      tokens: tokensOf(env),
    }),
    autoApproveRisk: env.CARAVAN_AUTO_APPROVE_RISK,
    failpoint: env.CARAVAN_FAILPOINT,
    model: modelOf(env),
    webhook: webhookOf(env.CARAVAN_WEBHOOK_URL, env.CARAVAN_WEBHOOK_SECRET),
    callStacks: env.CARAVAN_CALL_STACKS === 'on',
    logLevel: env.CARAVAN_LOG_LEVEL ?? 'info',
    user: userName(),
    searchPath: Object.freeze((env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')),
    environment: Object.freeze(Object.fromEntries(Object.entries(environment).filter(isSet))),
  });
}

/** A URL may leave the password to DB_PASSWORD, as a chart's secret gives it: in it stands `${DB_PASSWORD}`. */
function withPassword(address: string | null, password: string | null): string | null {
  const place = '${DB_PASSWORD}';
  if (address?.includes(place) !== true) return address;
  if (password === null) throw new ConfigInvalid('DB_PASSWORD', 'DATABASE_URL refers to it, and it is not set');
  return address.replaceAll(place, encodeURIComponent(password));
}

/** Names of tables and columns leave the machine: over https, or not at all. */
function modelOf(env: z.infer<typeof environmentSchema>): Config['model'] {
  const { CARAVAN_MODEL_URL: url, CARAVAN_MODEL_NAME: name, CARAVAN_MODEL_KEY: key } = env;
  if (url === null) return null;
  if (name === null) throw new ConfigInvalid('CARAVAN_MODEL_NAME', 'say which model CARAVAN_MODEL_URL is asked for');
  if (!URL.canParse(url)) throw new ConfigInvalid('CARAVAN_MODEL_URL', 'must be a URL');
  if (url.startsWith('http:') && !isLoopback(new URL(url).hostname))
    throw new ConfigInvalid('CARAVAN_MODEL_URL', 'a model of another machine must be reached over https');
  return Object.freeze({ url, name, key });
}

function webhookOf(url: string | null, secret: string | null): Config['webhook'] {
  if (url === null) return null;
  if (secret === null) throw new ConfigInvalid('CARAVAN_WEBHOOK_SECRET', 'a webhook must be signed: set the secret');
  return Object.freeze({ url, secret });
}

const SECRET_BYTES_MIN = 32;

/** All of it or nothing: a token that is checked by half is not checked. */
function tokensOf(env: z.infer<typeof environmentSchema>): ApiTokens | null {
  const { CARAVAN_API_JWKS_URL: jwksUrl, CARAVAN_API_JWT_SECRET: secret } = env;
  const { CARAVAN_API_AUDIENCE: audience, CARAVAN_API_ISSUER: issuer } = env;
  if (jwksUrl === null && secret === null && audience === null && issuer === null) return null;
  if (jwksUrl === null && secret === null)
    throw new ConfigInvalid('CARAVAN_API_JWKS_URL', 'name the keys, or set CARAVAN_API_JWT_SECRET');
  if (jwksUrl !== null && secret !== null)
    throw new ConfigInvalid('CARAVAN_API_JWT_SECRET', 'it cannot be set together with CARAVAN_API_JWKS_URL');
  if (secret !== null && Buffer.byteLength(secret) < SECRET_BYTES_MIN)
    throw new ConfigInvalid('CARAVAN_API_JWT_SECRET', `must have at least ${String(SECRET_BYTES_MIN)} bytes`);
  if (jwksUrl?.startsWith('http:') === true && !isLoopback(new URL(jwksUrl).hostname))
    throw new ConfigInvalid('CARAVAN_API_JWKS_URL', 'keys of another machine must come over https');
  if (audience === null) throw new ConfigInvalid('CARAVAN_API_AUDIENCE', 'say whom tokens must be for');
  if (issuer === null) throw new ConfigInvalid('CARAVAN_API_ISSUER', 'say who makes the tokens');
  return Object.freeze({ jwksUrl, secret, audience, issuer });
}

/** Addresses that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return /^(?:127(?:\.\d{1,3}){3}|\[?::1\]?|localhost)$/u.test(host);
}

/** The configuration as it may be printed: no password, no key, nothing of the rest of the environment. */
export function redactConfig(config: Config): Record<string, unknown> {
  const { environment, searchPath, ...shown } = config;
  return {
    ...shown,
    secretKey: config.secretKey === null ? null : '(set)',
    webhook: config.webhook === null ? null : '(set)',
    api: { ...config.api, tokens: config.api.tokens === null ? null : '(set)' },
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
