/**
 * Recorded queries of the old database. The texts hold values of rows, secrets among them: they live in the store,
 * sealed, by id. Histories, logs and events get ids and counts only.
 */

export const WORKLOAD_SOURCES = ['mysql-general', 'mysql-slow', 'postgres-csvlog', 'sql', 'digests'] as const;
export type WorkloadSource = (typeof WORKLOAD_SOURCES)[number];

/** Why a statement is not replayed. Names stand in certificates: never renamed. */
export const SKIP_REASONS = {
  transaction_control: 'it begins or ends a transaction',
  session: 'it sets or asks only its session (SET, USE, PREPARE …)',
  show: 'it asks the server about itself (SHOW, EXPLAIN, catalogue tables)',
  admin: 'it administrates the server',
  ddl: 'it changes the structure',
  load_data: 'it loads or copies a file (LOAD DATA, COPY, HANDLER)',
  call: 'it calls a stored procedure',
  other_database: 'it names a table of another database',
  binary_parameter: 'it holds a binary value that the log does not give as it was',
  too_long: 'it is longer than 1 MB',
  cut: 'the log has only its beginning',
  not_parsed: 'it could not be parsed',
  not_deterministic: 'its result is random or of its session (RAND, UUID, LAST_INSERT_ID, CONNECTION_ID …)',
  clock: 'it reads the clock in a way that cannot be pinned',
  user_variable: 'it uses variables of its session or of the server',
  temporary_table: 'it uses a temporary table',
  several_statements: 'it is several statements in one',
  into_outfile: 'it writes its result to a file or to variables',
  lock: 'it takes or gives back locks by name or of whole tables',
  waiting: 'it waits on purpose (SLEEP, BENCHMARK)',
  without_values: 'it has placeholders, and their values were not recorded',
  unknown_table: 'it names a table that the source does not have',
  not_migrated: 'it names a table, view or routine that is not in the target',
  not_translated: 'it has no translation',
  transaction_too_long: 'its transaction has more statements than are kept',
  not_kept: 'more different statements were recorded than are kept',
} as const;
export type SkipReason = keyof typeof SKIP_REASONS;

/** One expression of ORDER BY. */
export interface OrderKey {
  /** Position of the output column that holds it, from 0; absent: it is none of them, or it is not known which. */
  readonly output?: number;
  readonly descending: boolean;
  /** It orders texts, whose order is the collation's. */
  readonly text: boolean;
}

export interface WorkloadOrder {
  /**
   * `total`: the list is fixed. `partial`: rows that are equal in the keys may stand in any order among themselves.
   * `none`: any order.
   */
  readonly fixed: 'total' | 'partial' | 'none';
  /** In their order. */
  readonly keys: readonly OrderKey[];
}

/** A value that was not recorded. */
export interface Placeholder {
  /** "?" or "$1", as the text has it. */
  readonly marker: string;
  /** Where it begins in `sql`, in UTF-16 units. */
  readonly at: number;
  /** The column that it is compared with or put into, as the source names it, where that can be seen. */
  readonly table?: string;
  readonly column?: string;
  /** It stands for a whole number of rows (LIMIT, OFFSET). */
  readonly limit?: boolean;
}

export interface WorkloadQuery {
  /** 16 hex digits of a SHA-256 of database and text: the same text has the same id in every run. */
  readonly id: string;
  /** Texts that differ only in their literals have one shape. */
  readonly shape: string;
  /** As it was recorded; of a skipped one at most its first 2,000 characters. */
  readonly sql: string;
  /**
   * What is run on the source: the original without comments and locking clauses, and with the moment when it ran
   * where it reads the clock. Empty for a skipped one.
   */
  readonly run: string;
  /** What is run on the target; null: not translated (yet). */
  readonly translated: string | null;
  readonly class: 'read' | 'write' | 'skipped';
  readonly reason?: SkipReason;
  /** Of a skipped one: what in it, as far as that can be said without a value. */
  readonly detail?: string;
  /** Of the source: "table" or "schema.table" as the text names them; "schema.table" of the catalogue once translated. */
  readonly tables: readonly string[];
  readonly orderBy: WorkloadOrder;
  /** A LIMIT or OFFSET stands in it. */
  readonly limited: boolean;
  /** Output columns whose texts are lists in no fixed order (GROUP_CONCAT without ORDER BY), with what parts them. */
  readonly lists?: readonly { readonly output: number; readonly separator: string }[];
  /** Times it ran, and its share of those of the same shape whose own texts are not kept. */
  readonly count: number;
  /** Seconds that it took on the source, all runs together, where the log tells it. */
  readonly seconds?: number;
  /** Values of it were not recorded: they are sampled, and it counts apart. */
  readonly synthetic: boolean;
  /** Only while they are not filled in. */
  readonly placeholders?: readonly Placeholder[];
  /** The database that was the default when it ran, where the log tells it. */
  readonly database?: string;
  /** Writes of one recorded transaction have one number, and stand in their order. Absent: it stood alone. */
  readonly transaction?: number;
}

/** What a server counts of one shape of statements. */
export interface QueryStatistic {
  /** A statement of the shape, with its values. */
  readonly sample?: string;
  /** The shape: `$1` of PostgreSQL, or MySQL's digest. */
  readonly shape?: string;
  readonly database?: string;
  readonly times: number;
  readonly seconds?: number;
}

export interface WorkloadCounts {
  /** Statements of the log. */
  readonly statements: number;
  /** Of these: `read` + `write` + all of `skipped` = `statements`. */
  readonly read: number;
  readonly write: number;
  readonly skipped: Readonly<Partial<Record<SkipReason, number>>>;
  /** Lines or records of the log that are none, with the first places of them. */
  readonly broken: number;
  readonly brokenAt: readonly number[];
  /** Different texts of reads and writes that are kept. */
  readonly distinct: number;
  /** Of these, those whose values are sampled. */
  readonly synthetic: number;
}

export interface Workload {
  readonly version: 1;
  readonly source: WorkloadSource;
  /** How the texts are to be read. */
  readonly dialect: 'mysql' | 'sqlite' | 'postgres';
  /** ISO 8601; the clock of statements whose moment is not recorded stands there. */
  readonly readAt: string;
  /** The weightiest first; statements of a transaction stand together. */
  readonly queries: readonly WorkloadQuery[];
  readonly counts: WorkloadCounts;
}
