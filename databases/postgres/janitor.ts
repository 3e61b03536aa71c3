import { hashOfSchema, oldSchema, shadowSchema, sidecarSchema } from '../../contracts/names.js';
import type { ServerEndpoint } from '../../contracts/endpoint.js';
import type { TargetNames } from '../target.js';
import { openSession } from './connect.js';
import type { Session } from './connect.js';
import { dropSchemaWithContents } from './drop-schema.js';
import { attempting } from './errors.js';
import { ownerComment, parseOwner } from './ownership.js';
import type { SchemaOwner } from './ownership.js';
import { readPromotionRecord } from './sidecar.js';
import { dropLease, dropSidecar, undo } from './undo.js';

export interface Swept {
  /** Workflow ids whose shadow, sidecar or lease was undone. */
  readonly undone: string[];
  /** What is left, by name. */
  readonly left: string[];
}

export interface SweepOptions {
  /**
   * Copies the sidecar of a promoted migration to the store; true: it is there, the sidecar can go. Default: it stays
   * and is named, for it may hold the only original bytes of changed values.
   */
  readonly archive?: (names: TargetNames) => Promise<boolean>;
}

interface Leftover {
  readonly owner: SchemaOwner;
  hash?: string;
  readonly leases: string[];
}

/** Finds shadows, sidecars and leases by their comments and undoes those whose migration is no longer alive. */
export async function sweepLeftovers(
  endpoint: ServerEndpoint,
  isAlive: (owner: SchemaOwner) => Promise<boolean>,
  options: SweepOptions = {},
): Promise<Swept> {
  return attempting({ attempted: 'sweep', on: endpoint.database }, async () => {
    const session = await openSession(endpoint, 'caravan/janitor');
    try {
      const undone: string[] = [];
      const left: string[] = [];
      for (const leftover of await findLeftovers(session)) {
        if (await isAlive(leftover.owner)) continue;
        const remains = await sweepOne(session, leftover, options);
        if (remains.length === 0) undone.push(leftover.owner.workflowId);
        left.push(...remains);
      }
      return { undone, left };
    } finally {
      await session.close();
    }
  });
}

/** Drops the tables that a promotion with `replace` put away. Returns what is left; nothing there is fine. */
export async function purgeOld(endpoint: ServerEndpoint, hash: string): Promise<{ left: string[] }> {
  const schema = oldSchema(hash);
  return attempting({ attempted: 'purge', on: schema }, async () => {
    const session = await openSession(endpoint, `caravan/${hash}/purge`);
    try {
      const [row] = await session.rows(
        `SELECT pg_catalog.obj_description(oid, 'pg_namespace') AS comment FROM pg_catalog.pg_namespace WHERE nspname = $1`,
        [schema],
      );
      if (row === undefined) return { left: [] };
      // Without our comment, somebody else made it.
      if (parseOwner(row['comment'] ?? null) === undefined) return { left: [`schema ${schema}`] };
      return { left: await dropSchemaWithContents(session, schema) };
    } finally {
      await session.close();
    }
  });
}

/** By owner, because a lease bears the hash of the target schema and not the migration's. */
async function findLeftovers(session: Session): Promise<Leftover[]> {
  const rows = await session.rows(
    `SELECT nspname AS schema, pg_catalog.obj_description(oid, 'pg_namespace') AS comment FROM pg_catalog.pg_namespace
      WHERE nspname ~ '^caravan_([0-9a-f]{12}(_meta)?|lease_[0-9a-f]{12})$' ORDER BY nspname`,
  );
  const found = new Map<string, Leftover>();
  for (const row of rows) {
    const owner = parseOwner(row['comment'] ?? null);
    if (owner === undefined) continue;
    const leftover = found.get(ownerComment(owner)) ?? { owner, leases: [] };
    found.set(ownerComment(owner), leftover);
    const schema = row['schema'] ?? '';
    const hash = hashOfSchema(schema);
    if (hash === undefined) leftover.leases.push(schema);
    else leftover.hash = hash;
  }
  return [...found.values()];
}

async function sweepOne(session: Session, leftover: Leftover, options: SweepOptions): Promise<string[]> {
  const { owner, hash, leases } = leftover;
  const names: TargetNames = { hash: hash ?? '', ...owner };
  const left: string[] = [];
  if (hash !== undefined) {
    const promoted = (await readPromotionRecord(session, hash)) !== undefined;
    if (!promoted) left.push(...(await undo(session, names, '')).left);
    else if ((await options.archive?.(names)) === true) left.push(...(await dropSidecar(session, names, '')));
    else left.push(`schema ${sidecarSchema(hash)} (promoted, not archived)`);
  }
  // The lease goes last; a promoted migration needs none.
  const shadowLeft = left.some(
    (name) => hash !== undefined && name.includes(shadowSchema(hash)) && !name.includes('_meta'),
  );
  if (!shadowLeft) for (const lease of leases) left.push(...(await dropLease(session, names, lease)));
  return left;
}
