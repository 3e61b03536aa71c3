import type { ColumnMapping, TableMapping } from '../../../../contracts/mapping.js';
import type { Writing } from '../../../../databases/asking.js';
import { quotedName } from '../../../kora/behaviour/literals.js';
import { CutShort, Lane } from '../../checks/queries/lane.js';

const ORDER = { orderBy: { fixed: 'none', keys: [] } } as const;

/** Rows by their key of one whole number. */
export interface TouchedRows {
  readonly column: ColumnMapping;
  readonly keys: readonly string[];
}

/**
 * Do both sides hold the same rows of a table, inside of their transactions? A column that gets the clock is compared by
 * whether it just did: the sides are asked one after the other.
 */
export async function holdsAlike(
  sides: { readonly source: Writing; readonly target: Writing },
  table: TableMapping,
  { clocked, only }: { readonly clocked: ReadonlySet<string>; readonly only?: TouchedRows | undefined },
): Promise<boolean> {
  const lane = new Lane(sides);
  const isClocked = ({ target }: ColumnMapping): boolean =>
    clocked.has(`${table.target.name}.${target}`) || table.onUpdate?.columns.includes(target) === true;
  const selected = (side: 'source' | 'target'): string => {
    const dialect = side === 'source' ? 'mysql' : 'postgres';
    const columns = table.columns.map((column) => {
      const name = quotedName(column[side], dialect);
      return isClocked(column) ? justNow(name, column.kind, side) : name;
    });
    const rows = only && ` WHERE ${quotedName(only.column[side], dialect)} IN (${only.keys.join(', ')})`;
    return `SELECT ${columns.join(', ')} FROM ${quotedName(table[side].name, dialect)}${rows ?? ''}`;
  };
  const asked = { source: selected('source'), target: selected('target'), ...ORDER };
  const { ended, answers } = await lane.ask(asked);
  if (!ended.source.ok || !ended.target.ok) throw new CutShort(ended);
  return (await lane.compare(asked, answers)).outcome === 'equal';
}

/** One old moment for all that are of now. */
function justNow(name: string, kind: ColumnMapping['kind'], side: 'source' | 'target'): string {
  const [now, near] =
    side === 'source' ? ['NOW()', 'INTERVAL 10 MINUTE'] : ['statement_timestamp()', "INTERVAL '10 minutes'"];
  if (kind === 'date') {
    const today = side === 'source' ? 'CURDATE()' : 'CAST(statement_timestamp() AS date)';
    return `CASE WHEN ${name} = ${today} THEN DATE '1000-01-01' ELSE ${name} END`;
  }
  const type = side === 'target' && kind === 'timestamptz' ? 'TIMESTAMPTZ' : 'TIMESTAMP';
  return `CASE WHEN ${name} BETWEEN ${now} - ${near} AND ${now} + ${near} THEN ${type} '1000-01-01 00:00:00' ELSE ${name} END`;
}
