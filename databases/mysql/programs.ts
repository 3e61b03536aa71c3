import type { CatalogueProgram } from '../../contracts/catalogue.js';
import type { TextRow } from './connect.js';

type Told = { readonly program: CatalogueProgram } | Record<string, never>;

/** A function or a procedure; nothing where the login does not see what it does. */
export function routineProgram(row: TextRow, rows: readonly TextRow[]): Told {
  const { definition, type } = row;
  // MySQL 8 knows routines in other languages.
  if (definition === null || definition === undefined || definition === '' || row.language !== 'SQL') return {};
  const own = rows.filter((parameter) => parameter.type === type);
  const result = own.find(({ place }) => place === '0');
  const isFunction = type === 'FUNCTION';
  if (type !== 'PROCEDURE' && (!isFunction || result === undefined)) return {};
  return {
    program: {
      type: isFunction ? 'function' : 'procedure',
      body: definition,
      ...settings(row),
      parameters: own.filter(({ place }) => place !== '0').map(parameterOf),
      ...(isFunction && result && { returns: typeOf(result) }),
    },
  };
}

export function triggerProgram(row: TextRow): Told {
  const { timing, event, definition, table_name: table } = row;
  if (definition === null || definition === undefined || definition === '') return {};
  return {
    program: {
      type: 'trigger',
      body: definition,
      ...settings(row),
      parameters: [],
      trigger: {
        timing: timing === 'BEFORE' ? 'BEFORE' : 'AFTER',
        event: event === 'INSERT' || event === 'UPDATE' ? event : 'DELETE',
        table: table ?? '',
        order: Number(row.place ?? 1),
      },
    },
  };
}

function settings(row: TextRow): Pick<CatalogueProgram, 'sqlMode' | 'collation'> {
  return { sqlMode: row.sql_mode ?? '', collation: row.collation ?? '' };
}

function parameterOf(row: TextRow): CatalogueProgram['parameters'][number] {
  const mode = row.mode === 'OUT' || row.mode === 'INOUT' ? row.mode : 'IN';
  return { name: row.name ?? '', mode, ...typeOf(row) };
}

function typeOf({ declared, collation }: TextRow): { readonly type: string; readonly collation?: string } {
  const said = collation !== null && collation !== undefined && collation !== '';
  return { type: declared ?? '', ...(said && { collation }) };
}
