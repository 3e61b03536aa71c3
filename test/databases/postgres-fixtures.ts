import { randomBytes } from 'node:crypto';
import type { ColumnMapping, MigrationMapping, TableMapping } from '../../contracts/mapping.js';
import type { ServerEndpoint } from '../../contracts/endpoint.js';
import { shadowSchema } from '../../contracts/names.js';
import type { Session } from '../../databases/postgres/connect.js';
import { CopyInto } from '../../databases/postgres/copy-into.js';
import { qualified, quotedList } from '../../databases/postgres/identifiers.js';
import { openPostgresTarget } from '../../databases/postgres/target.js';
import type { ChunkWriter, Target, TargetNames } from '../../databases/target.js';

export function someNames(): TargetNames {
  const hash = randomBytes(6).toString('hex');
  return { hash, namespace: 'default', workflowId: `migration-${hash}`, runId: `run-${hash}` };
}

export function column(target: string, type: string, more: Partial<ColumnMapping> = {}): ColumnMapping {
  return {
    source: target,
    target,
    type,
    kind: 'text',
    sourceNullable: true,
    nullable: true,
    transform: [{ op: 'as_is' }],
    limits: {},
    onInvalid: 'null',
    confidence: 1,
    reasons: [],
    ...more,
  };
}

export function table(name: string, columns: readonly ColumnMapping[], more: Partial<TableMapping> = {}): TableMapping {
  return {
    source: { schema: 'shop', name },
    target: { schema: 'public', name },
    columns: [...columns],
    uniqueKeys: [],
    indexes: [],
    foreignKeys: [],
    checks: [],
    chunkRows: 1000,
    estimatedRows: 0,
    transactional: true,
    ...more,
  };
}

export function mapping(tables: readonly TableMapping[], more: Partial<MigrationMapping> = {}): MigrationMapping {
  return {
    sourceEngine: 'mysql',
    targetSchema: 'public',
    identifiers: 'lower',
    types: [],
    tables: [...tables],
    views: [],
    notMigrated: [],
    cannotSee: [],
    renamed: [],
    ...more,
  };
}

/** A table `name` with an integer key "id" and a text "name". */
export function simpleTable(name: string, more: Partial<TableMapping> = {}): TableMapping {
  const columns = [
    column('id', 'bigint', { kind: 'integer', nullable: false, sourceNullable: false }),
    column('name', 'text'),
  ];
  return table(name, columns, {
    primaryKey: { name: `${name}_pkey`, columns: ['id'] },
    rowKey: ['id'],
    chunkKey: { source: 'id', target: 'id', kind: 'integer' },
    ...more,
  });
}

export function sourceName(of: TableMapping): string {
  return `${of.source.schema}.${of.source.name}`;
}

/** Takes the chunk and opens its writer; fails when it is done already. */
export async function beginChunk(target: Target, of: TableMapping, chunk = 0, repair = false): Promise<ChunkWriter> {
  const taken = await target.ledger.take(sourceName(of), chunk, { repair });
  if (taken.state === 'done') throw new Error('the chunk is done');
  return taken.begin(of);
}

/** Rows in COPY's binary form, of a table of integers and texts; from lines of fields between tabs. */
export function tuples(of: TableMapping, lines: string): Buffer {
  const rows = lines.split('\n').slice(0, -1);
  return Buffer.concat(rows.flatMap((row) => [int(2, of.columns.length), ...row.split('\t').flatMap(framed(of))]));
}

const framed =
  (of: TableMapping) =>
  (field: string, at: number): Buffer[] => {
    if (field === '\\N') return [int(4, -1)];
    const size = { smallint: 2, integer: 4, bigint: 8 }[of.columns[at]?.type ?? ''];
    const bytes = size === undefined ? Buffer.from(field) : int(size, Number(field));
    return [int(4, bytes.length), bytes];
  };

function int(size: number, value: number): Buffer {
  const bytes = Buffer.alloc(size);
  if (size === 8) bytes.writeBigInt64BE(BigInt(value));
  else bytes.writeIntBE(value, 0, size);
  return bytes;
}

/** The session of a chunk's open transaction. */
export function sessionOf(writer: ChunkWriter): Session {
  return (writer as unknown as { opened: { session: Session } }).opened.session;
}

/** Hash of a validator that rows of a test have passed. */
export const CHECKED = 'checked';

export async function wantValidator(target: Target, of: TableMapping, hash = CHECKED): Promise<void> {
  await target.validators.want([{ table: sourceName(of), hash, specification: Buffer.from('{}') }]);
}

/**
 * Cuts the table into one chunk, if it is not cut, and puts `rows` of COPY text into it: the server's own reading of
 * the values, not ours.
 */
export async function copyAll(target: Target, of: TableMapping, rows: string): Promise<void> {
  await target.ledger.cut(sourceName(of), []);
  const writer = await beginChunk(target, of);
  const { hash } = (writer as unknown as { opened: { task: { hash: string } } }).opened.task;
  const columns = quotedList(of.columns.map((each) => each.target));
  const copy = new CopyInto(sessionOf(writer), `${qualified(shadowSchema(hash), of.target.name)} (${columns})`, 'text');
  if (rows !== '') await copy.write(Buffer.from(rows));
  await copy.end();
  const count = rows.split('\n').length - 1;
  await wantValidator(target, of);
  await writer.commit({ rows: count, bytes: rows.length, quarantined: 0, changed: 0, validator: CHECKED });
}

/** Everything between the shadow and its proof. */
export async function build(target: Target, plan: MigrationMapping, rows: Record<string, string> = {}): Promise<void> {
  await target.createShadow(plan);
  for (const each of plan.tables) await copyAll(target, each, rows[each.target.name] ?? '');
  for (const each of plan.tables) await target.buildKeys(each, plan);
  await target.addForeignKeys(plan);
}

/** Targets of a test, closed together. */
export class Targets {
  readonly #open: Target[] = [];

  async open(endpoint: ServerEndpoint, names = someNames()): Promise<Target> {
    const target = await openPostgresTarget(endpoint, names);
    this.#open.push(target);
    return target;
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((target) => target.close()));
  }
}
