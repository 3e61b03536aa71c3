import { setTimeout as sleep } from 'node:timers/promises';
import { backendPrefix, shadowSchema, sidecarSchema } from '../../contracts/names.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { MigrationMapping } from '../../contracts/mapping.js';
import type { TargetNames } from '../target.js';
import { endBackends } from './backends.js';
import type { Session } from './connect.js';
import { isLost, isServerError, SQLSTATE } from './errors.js';
import { quoted } from './identifiers.js';
import { syncIdentity } from './identity.js';
import { shadowTable } from './shadow-table.js';
import { promoteInTransaction } from './promotion-steps.js';
import { schemaOid } from './schema-objects.js';
import { readPromotionRecord } from './sidecar.js';
import type { PromotionRecord } from './sidecar.js';

/** One wait for a lock; behind it, the sessions of a replaced table queue. */
const LOCK_TIMEOUT_MS = 3000;
const PAUSE_MS = 500;
const PAUSE_MS_MAX = 5000;
/** How long promotion goes on asking for its locks before people are told, and for all else that may pass. */
const LOCKS_PATIENCE_MS = 5_000;
const PATIENCE_MS = 120_000;

export interface Promotion {
  readonly names: TargetNames;
  readonly mapping: MigrationMapping;
  readonly onExisting: 'fail' | 'replace';
  readonly patienceMs?: number;
}

/**
 * Moves everything into the target schema in one transaction; a second call finds the record. `open` gives a session
 * of its own, again after one broke: then the record says whether COMMIT was made.
 */
export async function promote(open: () => Promise<Session>, promotion: Promotion): Promise<PromotionRecord> {
  const startedAt = performance.now();
  for (let pause = PAUSE_MS; ; pause = Math.min(pause * 2, PAUSE_MS_MAX)) {
    const session = await open();
    try {
      // A stopped worker's open transaction would hold its locks for ever, and one whose COMMIT got no answer must end.
      if (pause > PAUSE_MS)
        await endBackends(session, { prefix: backendPrefix(promotion.names.hash), inTransaction: true });
      return await tryOnce(session, promotion);
    } catch (error) {
      if (!isWorthAnother(error)) throw refusalOf(error, promotion);
      const patienceMs = promotion.patienceMs ?? (isLocked(error) ? LOCKS_PATIENCE_MS : PATIENCE_MS);
      if (performance.now() - startedAt + pause > patienceMs) throw outOfPatience(error, promotion, patienceMs);
    } finally {
      await session.close();
    }
    await sleep(pause);
  }
}

async function tryOnce(session: Session, promotion: Promotion): Promise<PromotionRecord> {
  const { names, mapping } = promotion;
  const shadow = await schemaOid(session, shadowSchema(names.hash));
  const record = await readPromotionRecord(session, names.hash);
  if (record !== undefined) return record;
  if (shadow === undefined) throw noShadow(names);
  // Tables that stand in the target have sequences of their own.
  const counting = mapping.mode === 'data-only' ? [] : mapping.tables;
  for (const table of counting) await syncIdentity(shadowTable(session, names.hash, table));
  await session.run('BEGIN');
  try {
    await session.run(`SET LOCAL lock_timeout = ${Math.min(LOCK_TIMEOUT_MS, promotion.patienceMs ?? LOCK_TIMEOUT_MS)}`);
    // Stronger settings than `on` stay.
    await session.rows(`SELECT pg_catalog.set_config('synchronous_commit', 'on', true)
                         WHERE current_setting('synchronous_commit') IN ('off', 'local')`);
    await session.run(`LOCK TABLE ${quoted(sidecarSchema(names.hash))}.promotion IN EXCLUSIVE MODE`);
    const other = await readPromotionRecord(session, names.hash);
    if (other === undefined) await promoteInTransaction(session, promotion);
    await session.run('COMMIT');
  } catch (error) {
    if (!session.lost) await session.run('ROLLBACK').catch(() => undefined);
    throw error;
  }
  const made = await readPromotionRecord(session, names.hash);
  if (made !== undefined) return made;
  throw new CaravanFailure('INTERNAL', {
    attempted: 'promote',
    on: names.workflowId,
    seen: 'the promotion record is not there',
  });
}

/** Locks not had, deadlocks, a name taken or a table moved at the same moment, a broken connection: try afresh. */
function isWorthAnother(error: unknown): boolean {
  if (error instanceof CaravanFailure) return error.code === 'TARGET_LOST';
  if (!isServerError(error)) return error instanceof Error && isLost(error);
  const again = [
    SQLSTATE.lockNotAvailable,
    SQLSTATE.deadlock,
    SQLSTATE.duplicateSchema,
    SQLSTATE.duplicateTable,
    SQLSTATE.duplicateObject,
    SQLSTATE.uniqueViolation,
    SQLSTATE.undefinedTable,
    SQLSTATE.undefinedSchema,
  ];
  return isLost(error) || again.some((state) => state === error.code);
}

function refusalOf(error: unknown, promotion: Promotion): unknown {
  if (!isServerError(error)) return error;
  if (error.code === SQLSTATE.outOfMemory) {
    return new CaravanFailure('TARGET_LOCKS', {
      attempted: 'promote',
      on: promotion.names.workflowId,
      seen: 'the server ran out of lock space',
      facts: { sqlstate: error.code, names: ['max_locks_per_transaction'] },
    });
  }
  return new CaravanFailure('PROMOTION_REFUSED', {
    attempted: 'promote into',
    on: promotion.mapping.targetSchema,
    seen: `the server answered with SQLSTATE ${error.code}`,
    facts: { sqlstate: error.code, ...(error.table === undefined ? {} : { table: error.table }) },
  });
}

/** Somebody else holds what is needed: the transaction was rolled back, and may be tried whenever that is over. */
function isLocked(error: unknown): boolean {
  return isServerError(error) && (error.code === SQLSTATE.lockNotAvailable || error.code === SQLSTATE.deadlock);
}

function outOfPatience(error: unknown, promotion: Promotion, patienceMs: number): CaravanFailure {
  const seconds = Math.round(patienceMs / 1000);
  const state = isServerError(error) && !isLost(error) ? error.code : undefined;
  if (isLocked(error)) {
    return new CaravanFailure('TARGET_BUSY', {
      attempted: 'promote into',
      on: promotion.mapping.targetSchema,
      seen: `for ${String(seconds)} s other sessions held locks on its tables (SQLSTATE ${String(state)})`,
      next: `End the sessions that use tables of schema "${promotion.mapping.targetSchema}": the migration waits for it.`,
      facts: { schema: promotion.mapping.targetSchema, ...(state !== undefined && { sqlstate: state }) },
    });
  }
  if (state === undefined) {
    const seen = `the connection broke again and again for ${seconds} s`;
    return new CaravanFailure('TARGET_LOST', { attempted: 'promote', on: promotion.names.workflowId, seen });
  }
  return new CaravanFailure('PROMOTION_REFUSED', {
    attempted: 'promote into',
    on: promotion.mapping.targetSchema,
    seen: `for ${seconds} s other sessions held what it needs (SQLSTATE ${state})`,
    next: `End the sessions that use tables of schema "${promotion.mapping.targetSchema}", and start again.`,
    facts: { sqlstate: state, schema: promotion.mapping.targetSchema },
  });
}

function noShadow(names: TargetNames): CaravanFailure {
  return new CaravanFailure('PROMOTION_REFUSED', {
    attempted: 'promote',
    on: names.workflowId,
    seen: `schema "${shadowSchema(names.hash)}" is not there, and no promotion record either`,
    facts: { schema: shadowSchema(names.hash) },
  });
}
