import type { DeclaredReference, TriedCascade } from '../../../../contracts/references.js';
import type { Check, CheckContext, CheckOutcome } from '../check.js';
import { withTarget, type CheckedSide } from '../sides.js';
import { tryCascades } from './cascades.js';
import { declaredKeys, lookAtKey } from './declared.js';
import { inferKeys } from './infer-keys.js';
import { outcomeOf } from './outcome.js';
import { openReplica } from './replica.js';

/** What refers to what: the keys that the source declares, and those that it does not but has. */
export const references: Check = {
  name: 'references',
  // Keys of tables that stand already are the application's own, and are looked at when rows come into them.
  applies: ({ migration }) => Promise.resolve(migration.mode !== 'data-only'),
  run,
};

async function run(context: CheckContext): Promise<CheckOutcome> {
  const { migration, alive } = context;
  const { signal } = alive;
  const existing = context.existing !== undefined;
  return withTarget(context, async (target) => {
    const wanted = new Set(migration.tables.map((table) => table.target.name));
    const tables = (await target.checked.relations()).filter(({ name }) => wanted.has(name));
    const keys = declaredKeys(migration);
    const declared: DeclaredReference[] = [];
    for (const key of keys) {
      declared.push(await lookAtKey(key, { target, tables, existing, signal }));
      alive.report({ keys: declared.length });
    }
    const { found, passedOver } = await inferKeys({
      target,
      schema: migration.targetSchema,
      tables,
      declared: keys,
      signal,
    });
    const cascades = keys.length === 0 ? [] : await cascadesOn(context, target);
    const tried = typeof cascades === 'string' ? [] : cascades;
    const report = { declared, inferred: found, cascades: tried };
    return outcomeOf(report, {
      passedOver,
      keys,
      existing,
      ...(typeof cascades === 'string' && { untried: cascades }),
    });
  });
}

/** Or why none was tried. */
async function cascadesOn(context: CheckContext, { checked }: CheckedSide): Promise<TriedCascade[] | string> {
  if (checked.tryOut === undefined) return 'the target is only read';
  const replica = await openReplica(context);
  if (typeof replica === 'string') return replica;
  try {
    return await tryCascades(context.migration, { replica, checked });
  } finally {
    await replica.close();
  }
}
