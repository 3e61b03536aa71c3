import type { WorkloadOrder, WorkloadQuery } from '../../../../contracts/workload.js';
import { parseStatement } from '../../../../language/expressions/queries/statement-parser.js';
import type { Statement } from '../../../../language/expressions/queries/statements.js';
import type { IdentifierRule } from '../../mapping/names.js';
import { applyRule } from '../../mapping/names.js';
import { translateDelete, translateUpdate } from '../changes/change.js';
import { translateInsert } from '../changes/insert.js';
import type { QueryEngine } from '../function-rules.js';
import { orderOf } from '../ordering.js';
import type { PlannedRelations } from '../planned-relations.js';
import type { QueryTranslation } from '../translate-query.js';
import { translateQuery } from '../translate-query.js';
import { Untranslatable } from '../typed.js';
import type { Translated } from './outcome.js';
import type { KnownTables } from './tables.js';

const NO_ORDER: WorkloadOrder = { fixed: 'none', keys: [] };
/** Deeper than what any parser here goes, and what the target's own would refuse. */
const DETAIL_CHARACTERS = 200;

export interface SentTranslation {
  readonly tables: KnownTables;
  readonly relations: PlannedRelations;
  readonly engine: QueryEngine;
  readonly identifiers: IdentifierRule;
}

/** One statement of MySQL or SQLite in PostgreSQL's SQL. */
export function translateSent(query: WorkloadQuery, given: SentTranslation): Translated {
  const known = given.tables.resolve(query);
  if ('reason' in known) return known;
  const parsed = parseStatement(query.run, given.engine);
  if (!parsed.ok)
    return { reason: 'not_parsed', detail: `${parsed.problem} (character ${String(parsed.at + 1)})`, ...known };
  const reading = given.relations.reading();
  const translation: QueryTranslation = {
    engine: given.engine,
    relations: reading,
    columnName: (source) => applyRule(source, given.identifiers),
    isSent: true,
  };
  try {
    const made = translated(parsed.statement, translation);
    return { ...made, tables: [...new Set([...known.tables, ...reading.read])] };
  } catch (error) {
    if (!(error instanceof Untranslatable)) throw error;
    const called = /^the function "([^"]*)"/u.exec(error.message)?.[1];
    const reason = called !== undefined && given.tables.isRoutine(called) ? 'not_migrated' : 'not_translated';
    return { reason, detail: error.message.slice(0, DETAIL_CHARACTERS), ...known };
  }
}

type Made = Omit<Extract<Translated, { sql: string }>, 'tables'>;

function translated(statement: Statement, translation: QueryTranslation): Made {
  switch (statement.node) {
    case 'query': {
      const { sql, columns } = translateQuery(statement.query, translation, []);
      const lists = columns.flatMap(({ type: { parts } }, output) =>
        parts === undefined ? [] : [{ output, separator: parts }],
      );
      const order = orderOf(statement.query, columns, translation.relations);
      return { sql, order, ...(lists.length > 0 && { lists }) };
    }
    case 'insert':
      return { sql: translateInsert(statement, translation), order: NO_ORDER };
    case 'update':
      return { sql: translateUpdate(statement, translation), order: NO_ORDER };
    case 'delete':
      return { sql: translateDelete(statement, translation), order: NO_ORDER };
  }
}
