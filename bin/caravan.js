#!/usr/bin/env node
// The command's entry. Started by an older Node it runs itself again on the one in the development dependencies.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as module from 'node:module';
import { fileURLToPath } from 'node:url';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major > 22 || (major === 22 && minor >= 12)) {
  // Compiled code is kept between runs: most of a short command's time is loading.
  module.enableCompileCache?.();
  await import('../dist/programs/cli.js');
} else {
  const modern = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));
  if (!existsSync(modern)) {
    console.error(`caravan needs Node >= 22.12; this is ${process.versions.node}. Run "npm ci", or use a newer Node.`);
    process.exit(2);
  }
  // The channel carries no messages. Its end tells the child that this process is gone, however it ended.
  const child = spawn(modern, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
}
