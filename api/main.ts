// The API's process: `caravan api`, and the part `api` of the local stack.
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { ConfigInvalid, isLoopback, readConfig } from '../config/config.js';
import type { Config } from '../config/config.js';
import { CaravanFailure } from '../contracts/failures.js';
import { packageFolder } from '../platform/local-stack/package-folder.js';
import { certificatesFolder, secretKeyFile } from '../platform/secrets/key-files.js';
import { openSecretBox } from '../platform/secrets/secret-box.js';
import type { SecretBox } from '../platform/secrets/secret-box.js';
import { openStore } from '../platform/store/open-store.js';
import type { Store } from '../platform/store/store.js';
import { createLog } from '../platform/telemetry/log.js';
import { bearerAuthentication, localAuthentication } from './auth/authenticate.js';
import type { Authenticate } from './auth/authenticate.js';
import { tokenVerifier } from './auth/tokens.js';
import { buildServer } from './server.js';

const PORT = 7420;
/** grpc-js by default waits up to two minutes between attempts: far longer than a server takes to come back. */
const CHANNEL = { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 2000 };

async function main(): Promise<void> {
  const config = readConfig();
  const log = createLog({ level: config.logLevel, base: { role: 'api' } });
  const authenticate = authenticationOf(config);
  const client = connectTemporal(config);
  const box = openSecretBox({ key: config.secretKey, keyFile: secretKeyFile(config.home) });
  const store = await connectStore(config, box);
  const api = await buildServer({
    store,
    client,
    box,
    authenticate,
    log,
    settings: config.engine,
    certificates: certificatesFolder(config.home),
    version: packageVersion(),
  });
  const address = await api.listen({ host: config.api.host, port: config.api.port ?? PORT });
  process.stdout.write(`${JSON.stringify({ event: 'api.ready', address, pid: process.pid })}\n`);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
  await api.close();
  await client.connection.close();
  await store.close();
}

/** @throws CaravanFailure API_UNPROTECTED: other machines could do everything. */
function authenticationOf({ api: { host, tokens }, user }: Config): Authenticate {
  if (tokens !== null) return bearerAuthentication(tokenVerifier(tokens));
  if (isLoopback(host)) return localAuthentication(user);
  throw new CaravanFailure('API_UNPROTECTED', {
    attempted: 'listen on',
    on: host,
    seen: 'other machines reach this address, and no tokens are configured',
  });
}

/** Opens when it is first used, so that the API is there before Temporal is. */
function connectTemporal({ environment }: Config): Client {
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig({ overrideEnvVars: { ...environment } });
  const connection = Connection.lazy({ ...connectionOptions, channelArgs: CHANNEL, interceptors: [] });
  return new Client({ connection, namespace });
}

async function connectStore({ databaseUrl, environment }: Config, secretBox: SecretBox): Promise<Store> {
  if (databaseUrl === null) throw new ConfigInvalid('DATABASE_URL', 'the API has its store there, and it is not set');
  return openStore({ databaseUrl, secretBox, environment });
}

function packageVersion(): string {
  return (JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')) as { version: string }).version;
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown error';
    process.stderr.write(`${JSON.stringify({ event: 'api.failed', error: text })}\n`);
    process.exit(error instanceof CaravanFailure || error instanceof ConfigInvalid ? 2 : 1);
  },
);
