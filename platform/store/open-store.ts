import type { SecretBox } from '../secrets/secret-box.js';
import type { SecretEnvironment } from '../secrets/password-reference.js';
import { archiveStore } from './archive-store.js';
import { connectionStore } from './connection-store.js';
import { connectDatabase, withRetry } from './database.js';
import { agentStore } from './engine/agents.js';
import { definitionStore } from './engine/definitions.js';
import { executionStore } from './engine/executions.js';
import { patternStore } from './engine/patterns.js';
import { requestStore } from './engine/requests.js';
import { discoveryStore } from './discovery-store.js';
import { learningStore } from './learning-store.js';
import { mappingStore } from './mapping-store.js';
import { migrateStore } from './migrate-store.js';
import { migrationStore } from './migration-store.js';
import { outbox } from './outbox.js';
import { planStore } from './plan-store.js';
import { ruleStore } from './rule-store.js';
import type { Store } from './store.js';
import { traceStore } from './trace-store.js';
import { throttleStore } from './throttle-store.js';
import { verdictStore } from './verdict-store.js';
import { workloadStore } from './workload-store.js';

export interface StoreOptions {
  /** A postgres:// URL. */
  readonly databaseUrl: string;
  readonly secretBox: SecretBox;
  /** Where `env:NAME` passwords are looked up. Default: nowhere. */
  readonly environment?: SecretEnvironment;
}

/** Opens the store and brings its schema up to date. STORE_LOST when PostgreSQL is away. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { database, pool } = connectDatabase(options.databaseUrl);
  try {
    await withRetry({ attempted: 'open the store', on: 'caravan_store' }, () => migrateStore(pool));
  } catch (error) {
    await database.close();
    throw error;
  }
  return {
    connections: connectionStore(database, options.secretBox, options.environment ?? {}),
    migrations: migrationStore(database),
    discovery: discoveryStore(database, options.secretBox),
    plans: planStore(database),
    mappings: mappingStore(database),
    workloads: workloadStore(database, options.secretBox),
    verdicts: verdictStore(database, options.secretBox),
    outbox: outbox(database),
    learning: learningStore(database),
    archive: archiveStore(database),
    traces: traceStore(database),
    throttles: throttleStore(database),
    rules: ruleStore(database, options.secretBox),
    engine: {
      definitions: definitionStore(database),
      executions: executionStore(database, options.secretBox),
      agents: agentStore(database),
      requests: requestStore(database),
      patterns: patternStore(database),
    },
    close: () => database.close(),
  };
}
