/** A change of one key, tried in a transaction that is taken back. Names are those of the side on which it is tried. */
export interface Trial {
  readonly action: 'DELETE' | 'UPDATE';
  readonly table: TrialTable;
  readonly columns: readonly string[];
  /** The key that is deleted or changed, as text. */
  readonly key: readonly string[];
  /** What it becomes. */
  readonly newKey: readonly string[];
  /** What refers to it, and what refers to that. */
  readonly watched: readonly Watched[];
}

export interface TrialTable {
  readonly schema: string;
  readonly name: string;
}

export interface Watched {
  readonly table: TrialTable;
  readonly columns: readonly string[];
  /** Refers to the key itself. */
  readonly direct: boolean;
}

/** What became of it; numbers that say by how many rows there are more. */
export interface TrialEffect {
  /** `refused`: a rule of the database forbade it. */
  readonly state: 'done' | 'refused';
  readonly watched: readonly WatchedEffect[];
}

export interface WatchedEffect {
  readonly rows: number;
  /** Rows that refer to nothing any more, to the key as it was, and to what it became. */
  readonly nulls: number;
  readonly old: number;
  readonly moved: number;
}

/** Where something can be tried and taken back: a migration's shadow, or a replica of the source that nobody needs. */
export interface TrialGround {
  /** Or why it could not be tried. */
  tryOut(trial: Trial): Promise<TrialEffect | string>;
  close(): Promise<void>;
}

/** How one engine runs a trial's statements. */
export interface TrialSession {
  /** Begins a transaction that may write, with its foreign keys at work. */
  begin(): Promise<void>;
  rollback(): Promise<void>;
  /** Rows as text by alias. */
  rows(sql: string): Promise<readonly Readonly<Record<string, string | null>>[]>;
  /** Rows that were changed. */
  change(sql: string): Promise<number>;
  quote(name: string): string;
  literal(text: string): string;
  /** A rule of the database forbids it: a failure of the statement, and not of the trial. */
  isRefusal(error: unknown): boolean;
}

/** Runs a trial and takes it back, whatever becomes of it. */
export async function runTrial(session: TrialSession, trial: Trial): Promise<TrialEffect | string> {
  await session.begin();
  try {
    const before = await countAll(session, trial);
    let changed: number;
    try {
      changed = await session.change(statementOf(session, trial));
    } catch (error) {
      if (!session.isRefusal(error)) throw error;
      return { state: 'refused', watched: [] };
    }
    if (changed !== 1) return 'the key is not there';
    const after = await countAll(session, trial);
    return { state: 'done', watched: after.map((counts, at) => difference(counts, before[at])) };
  } finally {
    await session.rollback();
  }
}

function difference(
  after: WatchedEffect,
  before: WatchedEffect = { rows: 0, nulls: 0, old: 0, moved: 0 },
): WatchedEffect {
  return {
    rows: after.rows - before.rows,
    nulls: after.nulls - before.nulls,
    old: after.old - before.old,
    moved: after.moved - before.moved,
  };
}

type Spelling = Pick<TrialSession, 'quote' | 'literal'>;

function statementOf(session: Spelling, { action, table, columns, key, newKey }: Trial): string {
  const where = equals(session, columns, key);
  if (action === 'DELETE') return `DELETE FROM ${nameOf(session, table)} WHERE ${where}`;
  const set = columns.map((column, at) => `${session.quote(column)} = ${session.literal(newKey[at] ?? '')}`).join(', ');
  return `UPDATE ${nameOf(session, table)} SET ${set} WHERE ${where}`;
}

async function countAll(session: TrialSession, trial: Trial): Promise<WatchedEffect[]> {
  const counted: WatchedEffect[] = [];
  for (const watched of trial.watched) {
    const [row = {}] = await session.rows(countSql(session, watched, trial));
    const number = (name: string): number => Number(row[name] ?? 0);
    counted.push({
      rows: number('all_rows'),
      nulls: number('null_rows'),
      old: number('old_rows'),
      moved: number('new_rows'),
    });
  }
  return counted;
}

function countSql(session: Spelling, { table, columns, direct }: Watched, { key, newKey }: Trial): string {
  const having = (condition: string, alias: string): string =>
    `SUM(CASE WHEN ${condition} THEN 1 ELSE 0 END) AS ${alias}`;
  const nulls = columns.map((column) => `${session.quote(column)} IS NULL`).join(' AND ');
  const list = [
    'COUNT(*) AS all_rows',
    having(nulls, 'null_rows'),
    ...(direct
      ? [having(equals(session, columns, key), 'old_rows'), having(equals(session, columns, newKey), 'new_rows')]
      : []),
  ];
  return `SELECT ${list.join(', ')} FROM ${nameOf(session, table)}`;
}

function equals(session: Spelling, columns: readonly string[], values: readonly string[]): string {
  return columns.map((column, at) => `${session.quote(column)} = ${session.literal(values[at] ?? '')}`).join(' AND ');
}

function nameOf({ quote }: Spelling, { schema, name }: TrialTable): string {
  return `${quote(schema)}.${quote(name)}`;
}

/** A whole number stands as it is, all else as a text. */
export function spelled(text: string, asText: (text: string) => string): string {
  return /^-?\d{1,38}$/.test(text) ? text : asText(text);
}
