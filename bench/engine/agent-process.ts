import { setTimeout as pause } from 'node:timers/promises';
import { NativeConnection } from '@temporalio/worker';
import pg from 'pg';
import { join } from 'node:path';
import { readLivingStack } from '../../platform/local-stack/stack-state.js';
import { openSecretBox } from '../../platform/secrets/secret-box.js';
import { openStore } from '../../platform/store/open-store.js';
import { quietRuntime, startAgent } from './start-agent.js';

/** An agent that the chaos bench kills: `agent-process.js HOME TYPE`. Prints "ready", and works until it dies. */
async function main([home = '', type = '']: readonly string[]): Promise<void> {
  const state = readLivingStack(home);
  if (state === null) throw new Error(`no stack runs in ${home}`);
  quietRuntime();
  const secretBox = openSecretBox({ keyFile: join(home, 'secret.key') });
  const store = await openStore({ databaseUrl: state.databaseUrl, secretBox });
  const database = new pg.Pool({ connectionString: state.databaseUrl, max: 4 });
  const native = await NativeConnection.connect({ address: state.temporalAddress });
  await startAgent({ store, native, namespace: state.namespace }, { type }, async ({ executionId, taskId }) => {
    await pause(20);
    const values = [executionId, taskId];
    await database.query('INSERT INTO bench_survivors VALUES ($1, $2) ON CONFLICT DO NOTHING', values);
  });
  process.stdout.write('ready\n');
}

await main(process.argv.slice(2));
