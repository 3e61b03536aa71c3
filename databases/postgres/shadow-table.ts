import { shadowSchema } from '../../contracts/names.js';
import type { TableMapping } from '../../contracts/mapping.js';
import type { Session } from './connect.js';
import { qualified } from './identifiers.js';

/** Everything that a step on one shadow table needs. */
export interface ShadowTable {
  readonly session: Session;
  readonly shadow: string;
  readonly table: TableMapping;
  /** The qualified, quoted name. */
  readonly sql: string;
}

export function shadowTable(session: Session, hash: string, table: TableMapping): ShadowTable {
  const shadow = shadowSchema(hash);
  return { session, shadow, table, sql: qualified(shadow, table.target.name) };
}

/** "schema.name" in the target, as findings call it. */
export function objectName(table: TableMapping): string {
  return `${table.target.schema}.${table.target.name}`;
}
