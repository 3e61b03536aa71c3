import type { Checked } from '../checked.js';
import { cutting } from '../lent-sessions.js';
import type { Session } from './connect.js';
import { qualified } from './identifiers.js';
import { measureTable } from './measure.js';
import { countInclusion } from './references/inclusion.js';
import { readRelations } from './references/relations.js';

interface Parts {
  /** Where the tables stand that are looked at. */
  readonly schema: string;
  /** A session that sees them, for one piece of work; typed failures only leave it. */
  readonly use: <T>(attempted: string, on: string, work: (session: Session) => Promise<T>) => Promise<T>;
}

/** How checks look at tables of one schema. */
export function checkedBy({ schema, use }: Parts): Checked {
  return {
    measure: (table, signal) =>
      use('measure', table.target.name, (session) =>
        cutting(session, signal, () =>
          measureTable(session, table, { from: qualified(schema, table.target.name), name: ({ target }) => target }),
        ),
      ),
    relations: () => use('read the keys of', schema, (session) => readRelations(session, schema)),
    inclusion: (reference, options) =>
      use('look for what is referred to from', reference.table, (session) =>
        countInclusion(session, { schema, reference }, options),
      ),
  };
}
