import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { orElse } from './files.js';

/** A process beyond the reuse of its number: `startedAt` is the kernel's start time, an opaque text. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt: string;
}

/** How one process is ended. */
export interface StopOrder extends ProcessIdentity {
  /** The polite signal that is sent first. */
  readonly signal: NodeJS.Signals;
  /** What may outlive it: a killed postmaster leaves its backends for a moment, each in a session of its own. */
  readonly leftovers: Leftovers | null;
}

/** Processes of this command name whose working directory is this folder. */
export interface Leftovers {
  readonly folder: string;
  readonly command: string;
  /** File whose first line is the leader's number. It refuses a new leader while the old one is only a zombie. */
  readonly lockFile: string;
}

/** The identity of a living process; null when there is none, or only its zombie. */
export function identityOf(pid: number): ProcessIdentity | null {
  return process.platform === 'linux' ? identityFromProc(pid) : identityFromPs(pid);
}

function identityFromProc(pid: number): ProcessIdentity | null {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
    // The command stands in brackets and may hold spaces and brackets itself: the fields begin after the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state] = fields;
    const startedAt = fields[19];
    return state === 'Z' || state === 'X' || startedAt === undefined ? null : { pid, startedAt };
  } catch {
    return null;
  }
}

function identityFromPs(pid: number): ProcessIdentity | null {
  const { stdout } = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' });
  const [state, ...startedAt] = stdout.trim().split(/\s+/);
  return state === undefined || state === '' || state.startsWith('Z') ? null : { pid, startedAt: startedAt.join(' ') };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identityOf(identity.pid)?.startedAt === identity.startedAt;
}

/** Waits until none of them lives; resolves with those that still do after `limitMs`. */
export async function waitUntilGone<T extends ProcessIdentity>(all: readonly T[], limitMs: number): Promise<T[]> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const living = all.filter(isAlive);
    if (living.length === 0 || Date.now() >= deadline) return living;
    await pause(20);
  }
}

/** Ends processes: the polite signal, then after `graceMs` SIGKILL for them, their groups and what works in their folders. */
export async function endProcesses(orders: readonly StopOrder[], graceMs: number): Promise<void> {
  for (const order of orders) if (isAlive(order)) signal(order.pid, order.signal);
  const stubborn = await waitUntilGone(orders, graceMs);
  for (const order of stubborn) signal(order.pid, 'SIGKILL');
  await waitUntilGone(stubborn, 5_000);
  for (const order of orders) {
    // The leader is gone; a living process of this number would be a stranger.
    if (identityOf(order.pid) === null) signal(-order.pid, 'SIGKILL');
    if (order.leftovers !== null) await endLeftovers(order.leftovers);
  }
}

/** Kills what a dead server left behind, and waits until none of it lives. A server that lives keeps everything. */
export async function endLeftovers(leftovers: Leftovers): Promise<void> {
  if (process.platform !== 'linux' || leaderLives(leftovers)) return;
  const strays = findLeftovers(leftovers);
  for (const stray of strays) signal(stray.pid, 'SIGKILL');
  if ((await waitUntilGone(strays, 5_000)).length === 0) rmSync(leftovers.lockFile, { force: true });
}

function leaderLives({ folder, command, lockFile }: Leftovers): boolean {
  const pid = orElse(() => readFileSync(lockFile, 'utf8').split('\n', 1)[0] ?? '', '').trim();
  if (!/^\d+$/.test(pid) || identityOf(Number(pid)) === null) return false;
  return worksIn(pid, folder) && commandOf(pid) === command;
}

/** Only Linux can tell; elsewhere the server's next start tries until they are gone. */
function findLeftovers({ folder, command }: Leftovers): ProcessIdentity[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && worksIn(name, folder) && commandOf(name) === command)
    .map((name) => identityOf(Number(name)))
    .filter((identity) => identity !== null);
}

function worksIn(pid: string, folder: string): boolean {
  return orElse(() => readlinkSync(`/proc/${pid}/cwd`), null) === folder;
}

function commandOf(pid: string): string | null {
  return orElse(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim(), null);
}

/** Sends a signal; a process that is already gone is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // ESRCH: already gone. EPERM: not ours.
  }
}
