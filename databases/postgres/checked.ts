import type { Checked } from '../checked.js';
import { cutting } from '../lent-sessions.js';
import type { Trial, TrialTable } from '../trials/trial.js';
import type { Session } from './connect.js';
import { qualified } from './identifiers.js';
import { measureTable } from './measure.js';
import { countInclusion } from './references/inclusion.js';
import { referredKeys } from './references/referred-keys.js';
import { readRelations } from './references/relations.js';
import { tryOut } from './trial.js';

/** The tables stand in the shadow until they are promoted. */
function withSchema(trial: Trial, schema: string): Trial {
  const there = ({ name }: TrialTable): TrialTable => ({ schema, name });
  const watched = trial.watched.map((each) => ({ ...each, table: there(each.table) }));
  return { ...trial, table: there(trial.table), watched };
}

interface Parts {
  /** Where the tables stand that are looked at. */
  readonly schema: string;
  /** Changes may be tried there. */
  readonly writes: boolean;
  /** A session that sees them, for one piece of work; typed failures only leave it. */
  readonly use: <T>(attempted: string, on: string, work: (session: Session) => Promise<T>) => Promise<T>;
}

/** How checks look at tables of one schema. */
export function checkedBy({ schema, writes, use }: Parts): Checked {
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
    referredKeys: (reference, most) =>
      use('choose keys of', reference.referenced, (session) => referredKeys(session, { schema, reference }, most)),
    ...(writes && {
      tryOut: (trial) =>
        use('try a change of', trial.table.name, (session) => tryOut(session, withSchema(trial, schema))),
    }),
  };
}
