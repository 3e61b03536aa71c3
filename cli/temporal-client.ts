import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { Config } from '../config/config.js';
import { RETRY_MS_MAX } from './patience.js';
import type { Stack } from './stack/ensure-stack.js';

/** grpc-js by default waits up to two minutes between attempts: far longer than a server takes to come back. */
const CHANNEL = { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': RETRY_MS_MAX };

/**
 * The private Temporal needs an address only; any other is reached as its environment configuration says. The channel
 * is asked to open; whether it did is for the first call to find. The SDK's own retries are left out: their timers
 * outlive the connection, and `patient` does more.
 */
export function connectTemporal(config: Config, stack: Stack): Client {
  const isOurs = stack.webUiUrl !== null;
  const { address, tls, apiKey, metadata } = isOurs
    ? { address: stack.temporalAddress }
    : loadClientConnectConfig({ overrideEnvVars: { ...config.environment } }).connectionOptions;
  const connection = Connection.lazy({
    address: address ?? stack.temporalAddress,
    channelArgs: CHANNEL,
    interceptors: [],
    ...(tls === undefined || tls === null ? {} : { tls }),
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(metadata === undefined ? {} : { metadata }),
  });
  connection.workflowService.getSystemInfo({}).catch(() => undefined);
  return new Client({ connection, namespace: stack.namespace });
}
