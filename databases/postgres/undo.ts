import { backendPrefix, shadowSchema, sidecarSchema } from '../../contracts/names.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { TargetNames } from '../target.js';
import { endBackends } from './backends.js';
import type { Session } from './connect.js';
import { dropSchemaWithContents, dropSmallSchema } from './drop-schema.js';
import { leaseOf, schemaState } from './ownership.js';
import { readPromotionRecord } from './sidecar.js';

/**
 * Takes back all that the migration made in the target: backends, shadow, sidecar, lease. Returns what is left, by
 * name. The sidecar goes after the shadow, so that the promotion record can be read until there is nothing to lose.
 */
export async function undo(session: Session, names: TargetNames, targetSchema: string): Promise<{ left: string[] }> {
  await refusePromoted(session, names);
  await endBackends(session, { prefix: backendPrefix(names.hash) });
  // A promotion may have been at its COMMIT when its backend was to be ended.
  await refusePromoted(session, names);
  const left: string[] = [];
  for (const schema of [shadowSchema(names.hash), sidecarSchema(names.hash)]) {
    if (left.length === 0) left.push(...(await dropOwned(session, names, schema)));
  }
  if (left.length === 0) left.push(...(await dropLease(session, names, leaseOf(targetSchema))));
  return { left };
}

async function refusePromoted(session: Session, names: TargetNames): Promise<void> {
  if ((await readPromotionRecord(session, names.hash)) === undefined) return;
  throw new CaravanFailure('NOT_NOW', {
    attempted: 'undo the migration of',
    on: names.workflowId,
    seen: 'it is promoted',
    next: 'A promoted migration is not undone; drop what it made by hand if it must go.',
  });
}

/** Ours by its comment, or it is named as left: a schema of another origin is never touched. */
async function dropOwned(session: Session, names: TargetNames, schema: string): Promise<string[]> {
  const state = await schemaState(session, schema, names);
  if (state === 'none') return [];
  if (state === 'other') return [`schema ${schema} (its comment names another owner)`];
  return schema === sidecarSchema(names.hash)
    ? dropSmallSchema(session, schema)
    : dropSchemaWithContents(session, schema);
}

/** Another migration's lease is no leftover of ours. */
export async function dropLease(session: Session, names: TargetNames, lease: string): Promise<string[]> {
  if ((await schemaState(session, lease, names)) !== 'ours') return [];
  return dropSmallSchema(session, lease);
}

/** After promotion, when the sidecar is copied to the store. */
export async function dropSidecar(session: Session, names: TargetNames, targetSchema: string): Promise<string[]> {
  const sidecar = sidecarSchema(names.hash);
  const there = (await schemaState(session, sidecar, names)) !== 'none';
  if (there && (await readPromotionRecord(session, names.hash)) === undefined) {
    throw new CaravanFailure('NOT_NOW', {
      attempted: 'drop the sidecar of',
      on: names.workflowId,
      seen: 'it is not promoted',
      next: 'Undo the migration instead.',
    });
  }
  await endBackends(session, { prefix: backendPrefix(names.hash), inTransaction: true });
  const left = await dropOwned(session, names, sidecar);
  return left.length > 0 ? left : dropLease(session, names, leaseOf(targetSchema));
}
