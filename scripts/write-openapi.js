// Writes docs/openapi.json, as the API serves it. `--check` writes nothing and fails on a difference.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildServer } from '../dist/api/server.js';

const path = fileURLToPath(new URL('../docs/openapi.json', import.meta.url));
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
// Nothing is asked: the routes are only described.
const api = await buildServer({
  store: { engine: {} },
  client: {},
  settings: {},
  log: { info: () => undefined },
  version,
});
const text = `${JSON.stringify(api.swagger(), null, 2)}\n`;
await api.close();
if (!process.argv.includes('--check')) writeFileSync(path, text);
else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
  console.error('docs/openapi.json differs from the API; run "node scripts/write-openapi.js"');
  process.exitCode = 1;
}
