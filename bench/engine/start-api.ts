import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageFolder } from '../../platform/local-stack/package-folder.js';
import type { EngineStack } from './stack.js';
import { tokenSettings } from './tokens.js';

/** An API of its own: that of the stack writes its log to the supervisor, which is stopped here. */
export async function startApi({
  environment,
  home,
  state,
  secret,
}: EngineStack): Promise<{ url: string; stop: () => Promise<void> }> {
  const child = spawn(process.execPath, [join(packageFolder(), 'bin', 'caravan.js'), 'api'], {
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
    stop: async () => {
      child.kill('SIGTERM');
      await gone;
    },
  };
}
