import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readFileSync } from 'node:fs';
import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import type { Deps } from '../activities/deps.js';
import { openFailpoint } from '../activities/failpoints.js';
import { recordValidation } from '../activities/kora/record-validation.js';
import { compileRules } from '../activities/kora/rules/compile-rules.js';
import { openRuleModel } from '../activities/kora/rules/model/client.js';
import { Pacer } from '../activities/pace/pacer.js';
import { compileTransform } from '../activities/maba/compile-transform.js';
import { compileRewrite } from '../activities/maba/rewrite/compile-rewrite.js';
import { readConfig } from '../config/config.js';
import type { Config } from '../config/config.js';
import { SIGNALS } from '../contracts/messages.js';
import type { Role } from '../contracts/queues.js';
import { isRowRule } from '../contracts/rules.js';
import { openExisting } from '../databases/existing.js';
import { openReplica } from '../databases/open-replica.js';
import { openSource } from '../databases/open-source.js';
import { openTarget } from '../databases/open-target.js';
import { openBus } from '../platform/bus/bus.js';
import { resolvePassword } from '../platform/secrets/password-reference.js';
import { openSecretBox } from '../platform/secrets/secret-box.js';
import type { SecretBox } from '../platform/secrets/secret-box.js';
import { openStore } from '../platform/store/open-store.js';
import { createLog } from '../platform/telemetry/log.js';
import type { Log } from '../platform/telemetry/log.js';

/** What every role has: connections, store, bus, log. */
export interface WorkerRuntime {
  readonly role: Role;
  readonly config: Config;
  readonly deps: Deps;
  readonly log: Log;
  readonly connection: NativeConnection;
  readonly client: Client;
  readonly namespace: string;
  readonly bundlePath: string;
  readonly caravanVersion: string;
  close(): Promise<void>;
}

const require = (name: string, value: string | null): string => {
  if (value !== null) return value;
  throw new Error(`the worker needs ${name} in its environment`);
};

export async function openRuntime(role: Role): Promise<WorkerRuntime> {
  const config = readConfig();
  const processId = `${hostname()}-${String(process.pid)}-${randomBytes(3).toString('hex')}`;
  const log = createLog({ level: config.logLevel, base: { role, processId } });
  installRuntime(log);
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const connection = await NativeConnection.connect(connectionOptions);
  const clientConnection = await Connection.connect(connectionOptions);
  const box = openSecretBox({ key: config.secretKey ?? undefined, keyFile: join(config.home, 'secret.key') });
  const client = new Client({ connection: clientConnection, namespace });
  const deps = await openDeps({ config, box, log, processId, client });
  return {
    role,
    config,
    deps,
    log,
    connection,
    client,
    namespace,
    bundlePath: fileURLToPath(new URL('../workflow-bundle.js', import.meta.url)),
    caravanVersion: packageVersion(),
    close: async () => {
      await deps.bus.close();
      await deps.store.close();
      await clientConnection.close();
      await connection.close();
    },
  };
}

/** The key is read when a model is asked: it may have been changed meanwhile. */
function ruleModelOf({ model, environment }: Config): Deps['ruleModel'] {
  if (model === null) return null;
  const { url, name, key } = model;
  return openRuleModel({ url, name, key: async () => (key === null ? null : resolvePassword(key, environment)) });
}

interface DepParts {
  readonly config: Config;
  readonly box: SecretBox;
  readonly log: Log;
  readonly processId: string;
  readonly client: Client;
}

async function openDeps({ config, box, log, processId, client }: DepParts): Promise<Deps> {
  const store = await openStore({
    databaseUrl: require('DATABASE_URL', config.databaseUrl),
    secretBox: box,
    environment: config.environment,
  });
  return {
    store,
    bus: openBus(require('REDIS_URL', config.redisUrl), log),
    box,
    log,
    processId,
    pacer: new Pacer(),
    tellStrain: (migrationId, strain) => {
      const handle = client.workflow.getHandle(migrationId);
      handle.signal(SIGNALS.sourceStrain, strain).catch(() => undefined);
    },
    openSource,
    openTarget,
    openExisting,
    openReplica,
    compileTransform,
    compileRewrite,
    validation: recordValidation(compileRules),
    acceptedRules: async (migrationId) => (await store.rules.accepted(migrationId)).filter(isRowRule),
    compileRules,
    ruleModel: ruleModelOf(config),
    failpoint: openFailpoint(config.failpoint ?? undefined),
    autoApproveRisk: config.autoApproveRisk,
  };
}

/** Once per process, before any connection. The SDK's own lines go to our log, warnings and worse. */
function installRuntime(log: Log): void {
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ level, message }) => {
      log.warn({ event: 'temporal.sdk', level, message });
    }),
    shutdownSignals: ['SIGINT', 'SIGTERM'],
    telemetryOptions: { logging: { filter: 'WARN', forward: {} } },
  });
}

function packageVersion(): string {
  const path = fileURLToPath(new URL('../../package.json', import.meta.url));
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}
