import { CaravanFailure } from '../../contracts/failures.js';
import type { Connection, ConnectionOptions } from '@temporalio/client';
import type { SearchAttributes } from './topology.js';

/** The numbers of `temporal.api.enums.v1.IndexedValueType`. */
const INDEXED_VALUE_TYPES = { Text: 1, Keyword: 2, Int: 3, Double: 4, Bool: 5, Datetime: 6, KeywordList: 7 } as const;

/** gRPC status: somebody else registered it between our look and our call. */
const ALREADY_EXISTS = 6;

/** Registers the search attributes that the namespace does not have yet. Calling it again changes nothing. */
export async function ensureSearchAttributes(
  connection: Pick<Connection, 'operatorService'>,
  namespace: string,
  wanted: SearchAttributes,
): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.entries(wanted).filter(([name]) => !Object.hasOwn(customAttributes, name));
  if (missing.length === 0) return;
  const searchAttributes = Object.fromEntries(missing.map(([name, type]) => [name, INDEXED_VALUE_TYPES[type]]));
  try {
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === ALREADY_EXISTS)) throw error;
  }
}

/** The same for a Temporal that is not ours: connects as every Temporal tool does, and says what is wrong. */
export async function ensureExternalTemporal(
  environment: Readonly<Record<string, string>>,
  wanted: SearchAttributes,
  attempts = 20,
): Promise<void> {
  // Loaded only here: it takes longer to load than the private stack takes to start.
  const { Connection: Client } = await import('@temporalio/client');
  const { loadClientConnectConfig } = await import('@temporalio/envconfig');
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig({ overrideEnvVars: { ...environment } });
  const options: ConnectionOptions = { ...connectionOptions, connectTimeout: 1_500 };
  const connection = await connectWithPatience(() => Client.connect(options), attempts, connectionOptions.address);
  try {
    await ensureSearchAttributes(connection, namespace, wanted);
  } finally {
    await connection.close();
  }
}

async function connectWithPatience<T>(connect: () => Promise<T>, attempts: number, address = ''): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await connect();
    } catch (error) {
      if (attempt < attempts) continue;
      const parts = {
        attempted: 'reach',
        on: `Temporal at ${address}`,
        seen: `${String(attempts)} attempts failed`,
        next: 'Check TEMPORAL_ADDRESS, or unset it for a private one.',
      };
      throw new CaravanFailure('STACK_UNREACHABLE', parts, error);
    }
  }
}
