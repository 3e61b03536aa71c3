import { createHash } from 'node:crypto';
import { z } from 'zod';
import { leaseSchema } from '../../contracts/names.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { TargetNames } from '../target.js';
import type { Session } from './connect.js';
import { isServerError, SQLSTATE } from './errors.js';
import { literal, quoted } from './identifiers.js';
import { inTransaction } from './session-pool.js';

/** Whose a schema is; the JSON of its COMMENT, which is set in the transaction that makes it. */
export interface SchemaOwner {
  readonly namespace: string;
  readonly workflowId: string;
  readonly runId: string;
}

const ownerSchema = z.object({ namespace: z.string(), workflowId: z.string(), runId: z.string() });

export function ownerComment(owner: SchemaOwner): string {
  return JSON.stringify({ namespace: owner.namespace, workflowId: owner.workflowId, runId: owner.runId });
}

export function parseOwner(comment: string | null): SchemaOwner | undefined {
  try {
    return ownerSchema.safeParse(JSON.parse(comment ?? '')).data;
  } catch {
    return undefined;
  }
}

export function sameOwner(one: SchemaOwner | undefined, other: SchemaOwner): boolean {
  return one !== undefined && ownerComment(one) === ownerComment(other);
}

export function leaseOf(targetSchema: string): string {
  return leaseSchema(createHash('sha256').update(targetSchema).digest('hex').slice(0, 12));
}

/** What stands under a schema's name: nothing, ours, or somebody's. */
export async function schemaState(
  session: Session,
  schema: string,
  names: SchemaOwner,
): Promise<'none' | 'ours' | 'other'> {
  const [row] = await session.rows(
    `SELECT pg_catalog.obj_description(oid, 'pg_namespace') AS comment FROM pg_catalog.pg_namespace WHERE nspname = $1`,
    [schema],
  );
  if (row === undefined) return 'none';
  return sameOwner(parseOwner(row['comment'] ?? null), names) ? 'ours' : 'other';
}

/** Makes a schema of ours with its comment; `more` is made in the same transaction. True when it was made now. */
export async function makeOwnedSchema(
  session: Session,
  options: { schema: string; names: TargetNames; more?: string },
): Promise<boolean> {
  const { schema, names, more = '' } = options;
  const create = `CREATE SCHEMA ${quoted(schema)}; COMMENT ON SCHEMA ${quoted(schema)} IS ${literal(ownerComment(names))}; ${more}`;
  try {
    await inTransaction(session, () => session.run(create));
    return true;
  } catch (error) {
    // Two at once: the second waits on the first's unique entry, then sees one of these.
    const made =
      isServerError(error) && [SQLSTATE.duplicateSchema, SQLSTATE.uniqueViolation].some((s) => s === error.code);
    if (!made) throw error;
    if ((await schemaState(session, schema, names)) === 'ours') return false;
    throw leased(schema);
  }
}

export function leased(schema: string): CaravanFailure {
  return new CaravanFailure('TARGET_LEASED', {
    attempted: 'make the schema',
    on: schema,
    seen: 'it is there and belongs to another migration',
    facts: { schema },
  });
}
