import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { packageFolder } from '../../platform/local-stack/package-folder.js';
import { cpuSecondsOf } from './cpu.js';
import type { EngineStack } from './stack.js';
import { tokenSettings } from './tokens.js';

export interface StartedApi {
  readonly url: string;
  /** Seconds of CPU so far. */
  readonly cpu: () => number;
  readonly stop: () => Promise<void>;
}

/** An API of its own: that of the stack writes its log to the supervisor, which is stopped here. */
export async function startApi(stack: EngineStack): Promise<StartedApi> {
  return start(stack, [join(packageFolder(), 'bin', 'caravan.js'), 'api']);
}

/** The least that may stand in its place. */
export async function startFloorApi(stack: EngineStack): Promise<StartedApi> {
  return start(stack, [fileURLToPath(new URL('./floor-api.js', import.meta.url))]);
}

async function start({ environment, home, state, secret }: EngineStack, args: readonly string[]): Promise<StartedApi> {
  const child = spawn(process.execPath, args, {
    env: {
      ...{ ...environment, CARAVAN_HOME: home, CARAVAN_API_PORT: '0' },
      ...{ DATABASE_URL: state.databaseUrl, TEMPORAL_ADDRESS: state.temporalAddress },
      ...tokenSettings(secret),
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const gone = once(child, 'close');
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.includes('"api.ready"')) resolve((JSON.parse(line) as { address: string }).address);
    });
    void gone.then(() => {
      reject(new Error('the API ended before it was ready'));
    });
  });
  return {
    url,
    cpu: () => cpuSecondsOf(child.pid ?? 0) ?? 0,
    stop: async () => {
      child.kill('SIGTERM');
      await gone;
    },
  };
}
