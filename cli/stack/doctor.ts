import { existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MARIADB, REDIS, TEMPORAL, findBinary, mendOf } from '../../platform/local-stack/binaries.js';
import { orElse } from '../../platform/local-stack/files.js';
import { findInstaller } from '../../platform/local-stack/install.js';
import { freePort } from '../../platform/local-stack/ports.js';
import { SHARED_FOLDER, findPostgres } from '../../platform/local-stack/postgres-binaries.js';
import { takesConnections } from '../../platform/local-stack/probes.js';
import { isAlive } from '../../platform/local-stack/processes.js';
import { livingParts, readStackState } from '../../platform/local-stack/stack-state.js';
import { endStaleParts } from '../../platform/local-stack/supervisor.js';
import { countUndelivered, undeliveredText } from '../notifications.js';
import { kubernetesCheck } from './kubernetes-check.js';
import { stackSettings } from './stack-settings.js';
import type { Config } from '../../config/config.js';
import type { BinaryRecipe } from '../../platform/local-stack/binaries.js';
import type { StackSettings } from '../../platform/local-stack/settings.js';

/** One thing that was looked at. */
export interface DoctorCheck {
  readonly name: string;
  readonly ok: boolean;
  /** What is there. */
  readonly seen: string;
  /** The exact command that mends it; null when nothing is to mend. */
  readonly mend: string | null;
}

const DISK_BYTES_MIN = 2_000_000_000;

/** Looks at everything that the local stack needs. Changes nothing. */
export async function doctorChecks(config: Config): Promise<DoctorCheck[]> {
  const settings = stackSettings(config);
  return [
    nodeCheck(),
    await partCheck('temporal', settings.temporal.address, await binaryCheck(TEMPORAL, settings)),
    await partCheck('postgres', settings.databaseUrl, postgresCheck()),
    await partCheck('redis', settings.redisUrl, await binaryCheck(REDIS, settings)),
    mariadbCheck(settings),
    await installerCheck(settings),
    diskCheck(config.home),
    await portCheck(),
    stackCheck(config.home),
    await notifyCheck(config),
    leftoverCheck(),
    ...kubernetesChecks(config),
  ];
}

/** Mends what can be mended without asking: what a killed stack left behind. Gives what was done. */
export async function doctorFix(config: Config): Promise<string[]> {
  const done: string[] = [];
  const state = readStackState(config.home);
  if (state !== null && !isAlive(state.supervisor)) {
    const living = livingParts(state);
    await endStaleParts(state);
    done.push(...living.map(({ name, pid }) => `ended ${name} (process ${String(pid)}), left by a killed stack`));
  }
  return done;
}

function nodeCheck(): DoctorCheck {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > 22 || (major === 22 && minor >= 12);
  return { name: 'node', ok, seen: process.versions.node, mend: ok ? null : 'npm ci' };
}

/** A part that the environment names must answer; any other must be there or installable. */
async function partCheck(name: string, address: string | null, own: DoctorCheck): Promise<DoctorCheck> {
  if (address === null) return own;
  const text = address.includes('://') ? address : `tcp://${address}`;
  if (!URL.canParse(text))
    return { name, ok: false, seen: 'the environment has no valid address', mend: 'Correct it.' };
  const { hostname, port, protocol } = new URL(text);
  const usual = protocol.startsWith('postgres') ? 5432 : protocol.startsWith('redis') ? 6379 : 7233;
  const where = `${hostname}:${port === '' ? String(usual) : port}`;
  const ok = await takesConnections(hostname, port === '' ? usual : Number(port));
  const mend = ok ? null : `Start the server at ${where}, or unset its address for a private one.`;
  return { name, ok, seen: `${where} of the environment ${ok ? 'answers' : 'does not answer'}`, mend };
}

async function binaryCheck(recipe: BinaryRecipe, settings: StackSettings): Promise<DoctorCheck> {
  const name = recipe.names[0] === 'temporal' ? 'temporal' : 'redis';
  const found = findBinary(recipe, settings);
  if (found !== null) return { name, ok: true, seen: `${found.path} (${found.source})`, mend: null };
  const installer = settings.install === 'auto' ? await findInstaller(settings.searchPath) : null;
  if (installer !== null) return { name, ok: true, seen: 'not there; "caravan up" installs it with pip', mend: null };
  return { name, ok: false, seen: 'not there', mend: mendOf(recipe) };
}

function postgresCheck(): DoctorCheck {
  const found = findPostgres();
  if (found === null) return { name: 'postgres', ok: false, seen: 'not there', mend: 'npm ci' };
  const seen = `${String(found.major)} in ${found.bin} (${found.source})`;
  return { name: 'postgres', ok: true, seen, mend: null };
}

/** Only where one is named: no part of a local stack needs a cluster. */
function kubernetesChecks({ kubernetesConfig: path }: Config): DoctorCheck[] {
  return path === null ? [] : [{ name: 'kubernetes', ...kubernetesCheck(path) }];
}

function mariadbCheck(settings: StackSettings): DoctorCheck {
  const found = findBinary(MARIADB, settings);
  const seen = found === null ? 'not there; only "demo --source mariadb" needs it' : `${found.path} (${found.source})`;
  return { name: 'mariadb', ok: true, seen, mend: found === null ? mendOf(MARIADB) : null };
}

async function installerCheck(settings: StackSettings): Promise<DoctorCheck> {
  const name = 'installer';
  if (settings.install === 'never') return { name, ok: true, seen: 'CARAVAN_INSTALL=never', mend: null };
  const installer = await findInstaller(settings.searchPath);
  const missing = [TEMPORAL, REDIS].some((recipe) => findBinary(recipe, settings) === null);
  const seen = installer === null ? 'neither pip nor uv' : installer.slice(0, 3).join(' ');
  return { name, ok: installer !== null || !missing, seen, mend: installer === null ? 'Install python3-pip.' : null };
}

function diskCheck(home: string): DoctorCheck {
  let folder = home;
  while (!existsSync(folder)) folder = dirname(folder);
  const { bavail, bsize } = statfsSync(folder);
  const ok = bavail * bsize >= DISK_BYTES_MIN;
  const seen = `${((bavail * bsize) / 1e9).toFixed(1)} GB free under ${folder}`;
  return { name: 'disk', ok, seen, mend: ok ? null : 'Free at least 2 GB, or set CARAVAN_HOME to another disk.' };
}

async function portCheck(): Promise<DoctorCheck> {
  const port = await freePort().catch(() => null);
  const seen = port === null ? 'no port can be opened on 127.0.0.1' : 'ports on 127.0.0.1 can be opened';
  return { name: 'ports', ok: port !== null, seen, mend: port === null ? 'Allow to listen on 127.0.0.1.' : null };
}

function stackCheck(home: string): DoctorCheck {
  const name = 'stack';
  const state = readStackState(home);
  if (state === null) return { name, ok: true, seen: 'none has run here', mend: null };
  if (isAlive(state.supervisor))
    return { name, ok: true, seen: `runs, process ${String(state.supervisor.pid)}`, mend: null };
  const living = livingParts(state).map((part) => part.name);
  if (living.length === 0) return { name, ok: true, seen: 'does not run', mend: null };
  return {
    name,
    ok: false,
    seen: `its supervisor is dead, but ${living.join(', ')} live`,
    mend: 'caravan doctor --fix',
  };
}

async function notifyCheck(config: Config): Promise<DoctorCheck> {
  const name = 'notify';
  const count = await countUndelivered(config);
  if (count === null) return { name, ok: true, seen: 'no stack runs that could be asked', mend: null };
  if (count === 0) return { name, ok: true, seen: 'nothing was given up', mend: null };
  const mend = '"caravan notifications" says why; then caravan doctor --fix, which sends them again';
  return { name, ok: false, seen: undeliveredText(count), mend };
}

const FOLDERS_TOLD = 10;

/** Told, never removed here: the data folder may be on a disk that is not mounted now. */
function leftoverCheck(): DoctorCheck {
  const folders = leftoverFolders();
  if (folders.length === 0) return { name: 'leftovers', ok: true, seen: 'none', mend: null };
  const told = folders.slice(0, FOLDERS_TOLD);
  const more =
    folders.length > told.length ? ` and ${String(folders.length - told.length)} more, told when these are gone` : '';
  const seen = `PostgreSQL data of a data folder that is gone: ${told.join(', ')}${more}`;
  return { name: 'leftovers', ok: true, seen, mend: `rm -r ${told.join(' ')}` };
}

/** Root's PostgreSQL data outside of the data folder, whose data folder was removed. */
function leftoverFolders(): string[] {
  return orElse(() => readdirSync(SHARED_FOLDER), [])
    .map((name) => join(SHARED_FOLDER, name))
    .filter((folder) => {
      const owner = orElse(() => readFileSync(join(folder, 'belongs-to'), 'utf8').trim(), null);
      if (owner === null) return false;
      const place = orElse(() => readFileSync(`${owner}.place`, 'utf8'), null);
      return place === null || dirname(place) !== folder;
    });
}
