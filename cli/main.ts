// The command. bin/caravan.js imports this file.
import { runCli } from './run-cli.js';

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
  tell: (line) => void process.stderr.write(`${line}\n`),
  screen: process.stderr.isTTY ? screenOf(process.stderr) : null,
});
process.exit(exit);

function screenOf(stream: NodeJS.WriteStream) {
  return {
    write: (text: string) => void stream.write(text),
    get columns() {
      return stream.columns;
    },
    get rows() {
      return stream.rows;
    },
  };
}
