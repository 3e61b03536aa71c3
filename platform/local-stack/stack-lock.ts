import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { orElse, writeFileAtomically } from './files.js';
import { identityOf, isAlive } from './processes.js';
import type { ProcessIdentity } from './processes.js';

/** Takes the lock that only one supervisor of a data folder can hold; false when a living process holds it. */
export function takeStackLock(home: string): boolean {
  const path = join(home, 'stack.lock');
  const draft = `${path}.${String(process.pid)}`;
  writeFileSync(draft, JSON.stringify(identityOf(process.pid)), { mode: 0o600 });
  try {
    for (;;) {
      if (tryLink(draft, path)) return true;
      const held = orElse(() => readFileSync(path, 'utf8'), null);
      if (held === null) continue;
      if (isHolderAlive(held)) return false;
      removeStale(path, held);
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

export function releaseStackLock(home: string): void {
  const path = join(home, 'stack.lock');
  const held = orElse(() => readFileSync(path, 'utf8'), null);
  if (held === JSON.stringify(identityOf(process.pid))) rmSync(path, { force: true });
}

/** A link fails when the name exists, and the file is complete from its first moment. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Two may find the same stale lock: who moved away a fresh one instead puts it back. */
function removeStale(path: string, stale: string): void {
  const aside = `${path}.stale.${String(process.pid)}`;
  if (!orElse(() => (renameSync(path, aside), true), false)) return;
  if (readFileSync(aside, 'utf8') !== stale) tryLink(aside, path);
  rmSync(aside, { force: true });
}

function isHolderAlive(text: string): boolean {
  const holder = orElse(() => JSON.parse(text) as ProcessIdentity | null, null);
  return holder !== null && isAlive(holder);
}

/**
 * Says that a process (default this one) uses the stack: it stays while any user lives. Gives the function that ends
 * the use. A lease in the supervisor's own name keeps the stack until it is told to stop.
 */
export function takeLease(home: string, user = identityOf(process.pid)): () => void {
  const folder = leaseFolder(home);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${String(user?.pid)}-${randomBytes(6).toString('hex')}`);
  writeFileAtomically(path, JSON.stringify(user));
  return () => {
    rmSync(path, { force: true });
  };
}

/** Whether a living process uses the stack. Leases of the dead are removed. */
export function isLeased(home: string): boolean {
  let leased = false;
  for (const name of orElse(() => readdirSync(leaseFolder(home)), [])) {
    const path = join(leaseFolder(home), name);
    const text = orElse(() => readFileSync(path, 'utf8'), null);
    if (text === null || text === '') continue;
    if (isHolderAlive(text)) leased = true;
    else rmSync(path, { force: true });
  }
  return leased;
}

function leaseFolder(home: string): string {
  return join(home, 'leases');
}
