import { oldSchema, shadowSchema } from '../../../contracts/names.js';
import { CaravanFailure } from '../../../contracts/failures.js';
import type { MigrationMapping, TableMapping } from '../../../contracts/mapping.js';
import type { TargetNames } from '../../target.js';
import type { Session } from '../connect.js';
import { factsOf, isServerError } from '../errors.js';
import { literal, qualified, quoted, quotedList } from '../identifiers.js';
import { ownerComment } from '../ownership.js';
import { checkStanding, filledTables, outerKeys } from './check.js';
import { fingerprintOf } from './fingerprint.js';
import type { Fingerprint } from './fingerprint.js';
import { deferrableSql, fillingOrder, strictReferences } from './order.js';
import { silence } from './quiet.js';
import { advanceSequences } from './sequences.js';

/** Tables named in one statement. */
const BATCH = 100;

export interface Swap {
  readonly names: TargetNames;
  readonly mapping: MigrationMapping;
  readonly onExisting: 'fail' | 'replace';
}

/**
 * Puts the proven rows into the application's own tables, inside the promotion's transaction. The tables stay what they
 * are, so that all that stands on them stays too; only their rows come. What the shadow holds and what they hold
 * afterwards is compared by the server. See docs/decisions/0009.
 */
export async function swapRows(session: Session, swap: Swap): Promise<void> {
  const { names, mapping, onExisting } = swap;
  const shadow = shadowSchema(names.hash);
  await lock(
    session,
    mapping.tables.map(({ target }) => qualified(shadow, target.name)),
    'SHARE',
  );
  const proven = new Map<TableMapping, Fingerprint>();
  for (const table of mapping.tables)
    proven.set(table, await fingerprintOf(session, qualified(shadow, table.target.name), table));
  await lock(session, mapping.tables.map(ownName), 'ACCESS EXCLUSIVE');
  await checkStanding(session, mapping, onExisting);
  const order = fillingOrder(mapping.tables, await strictReferences(session, mapping));
  const restore = await silence(session, mapping);
  for (const edge of order.waiting) {
    await session.run(deferrableSql(mapping.targetSchema, edge, 'deferred'));
    restore.push(deferrableSql(mapping.targetSchema, edge, 'strict'));
  }
  await session.run('SET CONSTRAINTS ALL DEFERRED');
  if (onExisting === 'replace') await putAway(session, swap, order.tables);
  await filling(mapping, async () => {
    for (const table of order.tables) await fill(session, shadow, table);
    await session.run('SET CONSTRAINTS ALL IMMEDIATE');
  });
  for (const [table, expected] of proven) await compare(session, table, expected);
  for (const table of mapping.tables) await advanceSequences(session, table);
  for (const statement of restore) await session.run(statement);
  for (const table of mapping.tables) await session.run(`ANALYZE ${ownName(table)}`);
  for (const { target } of mapping.tables) await session.run(`DROP TABLE ${qualified(shadow, target.name)}`);
}

function ownName({ target }: TableMapping): string {
  return qualified(target.schema, target.name);
}

async function lock(session: Session, tables: readonly string[], mode: 'SHARE' | 'ACCESS EXCLUSIVE'): Promise<void> {
  for (let at = 0; at < tables.length; at += BATCH)
    await session.run(`LOCK TABLE ${tables.slice(at, at + BATCH).join(', ')} IN ${mode} MODE`);
}

/** Rows that stood there before, as they were; kept until `purge`. The tables are empty afterwards. */
async function putAway(session: Session, { names, mapping }: Swap, order: readonly TableMapping[]): Promise<void> {
  const filled = new Set(await filledTables(session, mapping));
  if (filled.size === 0) return;
  const old = oldSchema(names.hash);
  await session.run(
    `CREATE SCHEMA ${quoted(old)}; COMMENT ON SCHEMA ${quoted(old)} IS ${literal(ownerComment(names))}`,
  );
  for (const table of mapping.tables) {
    if (!filled.has(table.target.name)) continue;
    await session.run(`CREATE TABLE ${qualified(old, table.target.name)} AS SELECT * FROM ${ownName(table)}`);
  }
  // TRUNCATE is refused where another table could refer to these, even when none of its rows does.
  if ((await outerKeys(session, mapping)).length === 0) {
    await session.run(`TRUNCATE TABLE ${mapping.tables.map(ownName).join(', ')}`);
    return;
  }
  await filling(mapping, async () => {
    for (const table of order.toReversed()) await session.run(`DELETE FROM ${ownName(table)}`);
  });
}

async function fill(session: Session, shadow: string, table: TableMapping): Promise<void> {
  const columns = quotedList(table.columns.map(({ target }) => target));
  await session.run(
    `INSERT INTO ${ownName(table)} (${columns}) OVERRIDING SYSTEM VALUE
     SELECT ${columns} FROM ${qualified(shadow, table.target.name)}`,
  );
}

/** What the application's own constraints refuse is told by the constraint's name, and not tried again. */
async function filling(mapping: MigrationMapping, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isServerError(error) || !/^(?:2[23]|P0|44)/.test(error.code)) throw error;
    const by = error.constraint === undefined ? '' : ` by "${error.constraint}"`;
    throw new CaravanFailure('PROMOTION_REFUSED', {
      attempted: 'put rows into the tables of',
      on: mapping.targetSchema,
      seen: `the table "${error.table ?? '?'}" refuses rows${by} (SQLSTATE ${error.code})`,
      facts: factsOf(error),
    });
  }
}

async function compare(session: Session, table: TableMapping, expected: Fingerprint): Promise<void> {
  const found = await fingerprintOf(session, ownName(table), table);
  if (found.rows === expected.rows && found.hash === expected.hash) return;
  throw new CaravanFailure('PROMOTION_REFUSED', {
    attempted: 'put rows into',
    on: `${table.target.schema}.${table.target.name}`,
    seen: `it holds ${found.rows} rows that are not the ${expected.rows} that were proven`,
    facts: { schema: table.target.schema, table: table.target.name },
  });
}
