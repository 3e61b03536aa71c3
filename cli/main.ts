// The command. bin/caravan.js imports this file.
import { runCli } from './run-cli.js';
import { openTerminal } from './terminal.js';

// A reader that has gone must not end a migration.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

// Run for an older Node by bin/caravan.js: when that is killed, this ends as on SIGTERM. The channel alone must not
// keep the process alive.
if (process.connected) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel?.unref();
}

const exit = await runCli(process.argv.slice(2), {
  print: (line) => void process.stdout.write(`${line}\n`),
  ...(process.stderr.isTTY ? openTerminal(process.stderr) : { tell: tellPlainly, screen: null }),
});
// What a pipe has not taken yet would be lost with the process.
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
process.exit(exit);

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    // Called when all before it is written, or when the reader has gone.
    stream.write('', () => {
      resolve();
    });
  });
}

function tellPlainly(line: string): void {
  process.stderr.write(`${line}\n`);
}
