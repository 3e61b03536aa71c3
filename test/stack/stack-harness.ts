import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readConfig } from '../../config/config.js';
import { runDown } from '../../cli/stack/down.js';
import { partStatuses } from '../../cli/stack/status.js';
import { orElse } from '../../platform/local-stack/files.js';
import { packageFolder } from '../../platform/local-stack/package-folder.js';
import { SHARED_FOLDER } from '../../platform/local-stack/postgres-binaries.js';
import { readStackState } from '../../platform/local-stack/stack-state.js';
import type { ChildProcess } from 'node:child_process';
import type { Config } from '../../config/config.js';
import type { PartStatus } from '../../cli/stack/status.js';

/** A data folder of one test. */
export interface TestHome {
  readonly home: string;
  readonly config: Config;
  /** The parts as `status` shows them now. */
  parts(): PartStatus[];
  part(name: string): PartStatus;
  /** Every living process that has to do with the folder. */
  processes(): string[];
  /** Runs a module text in a process and a group of its own, with `home` as CARAVAN_HOME. */
  runNode(text: string): ChildProcess;
  /** Stops the stack and removes the folder. */
  dispose(): Promise<void>;
}

/** Addresses of the environment are left out: these tests are about the private stack. */
export function testHome(home = mkdtempSync(join(tmpdir(), 'caravan-stack-'))): TestHome {
  const { PATH, HOME, XDG_CACHE_HOME } = process.env;
  const config = readConfig({ PATH, HOME, XDG_CACHE_HOME, CARAVAN_HOME: home });
  const callers: ChildProcess[] = [];
  const parts = (): PartStatus[] => {
    const state = readStackState(home);
    return state === null ? [] : partStatuses(state);
  };
  return {
    home,
    config,
    parts,
    part: (name) => {
      const found = parts().find((part) => part.name === name);
      if (found === undefined) throw new Error(`no part "${name}"`);
      return found;
    },
    processes: () => processesOf(home),
    runNode: (text) => {
      const file = join(home, 'caller.mjs');
      writeFileSync(file, text.replaceAll('DIST', join(packageFolder(), 'dist')));
      const env = { ...config.environment };
      const caller = spawn(process.execPath, [file], { env, detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
      callers.push(caller);
      return caller;
    },
    dispose: async () => {
      // A caller that a failed test left behind would hold its stack for ever.
      for (const caller of callers) caller.kill('SIGKILL');
      await until('the callers are gone', () =>
        callers.every((caller) => caller.exitCode !== null || caller.signalCode !== null),
      );
      await runDown({ config, print: () => undefined });
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Waits for a named condition. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>, limitMs = 10_000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`waited ${String(limitMs)} ms for: ${what}`);
    await pause(20);
  }
}

/** Kills a process and waits until the part has a living successor that is ready. */
export async function killPart(test: TestHome, name: string): Promise<void> {
  const { pid } = test.part(name);
  if (pid === null) throw new Error(`part "${name}" does not run`);
  process.kill(pid, 'SIGKILL');
  await until(`${name} runs again`, () => test.part(name).pid !== pid && test.part(name).state === 'ready');
}

function processesOf(home: string): string[] {
  const folders = [home, ...sharedFoldersOf(home)];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => folders.some((folder) => belongsTo(pid, folder)))
    .map((pid) => `${pid} ${read(pid, 'cmdline').replaceAll('\0', ' ')}`);
}

/** Where PostgreSQL's data lie when this is root and the data folder is closed. */
function sharedFoldersOf(home: string): string[] {
  const names = orElse(() => readdirSync(SHARED_FOLDER), []);
  const owner = (name: string): string =>
    orElse(() => readFileSync(join(SHARED_FOLDER, name, 'belongs-to'), 'utf8'), '');
  return names.filter((name) => owner(name).startsWith(home)).map((name) => join(SHARED_FOLDER, name));
}

function belongsTo(pid: string, folder: string): boolean {
  const cwd = orElse(() => readlinkSync(`/proc/${pid}/cwd`), '');
  const isZombie = /\) [ZX] /.test(read(pid, 'stat'));
  return (
    !isZombie && (cwd.startsWith(folder) || ['cmdline', 'environ'].some((file) => read(pid, file).includes(folder)))
  );
}

function read(pid: string, file: string): string {
  return orElse(() => readFileSync(`/proc/${pid}/${file}`, 'latin1'), '');
}
