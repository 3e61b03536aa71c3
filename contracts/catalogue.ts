import type { TextFormat } from './text-format.js';

/**
 * The source's catalogue, read whole, in terms that every engine shares. It lives in the store by id; histories
 * carry the id. Names are exactly as the source spells them.
 */
export type SourceEngine = 'mysql' | 'mariadb' | 'sqlite' | 'postgres' | 'csv';

/** PostgreSQL: something that an expression, an index or a type cannot do without, and that is no part of the server. */
export interface CatalogueNeed {
  /** As PostgreSQL describes it: "function public.f(integer)". */
  readonly what: string;
  /** The extension that brings it. */
  readonly extension?: string;
  /** "schema.name" of a type in `Catalogue.types`. */
  readonly type?: string;
  /** "schema.name(arguments)" of a routine in `Catalogue.objects`. */
  readonly routine?: string;
}

/** A declared type, taken apart. */
export interface SourceType {
  /** Lower-case base name: "varchar", "bigint", "enum", "" for an untyped SQLite column. */
  readonly base: string;
  /** As the source prints it: "varchar(255)". */
  readonly declared: string;
  readonly length?: number;
  readonly precision?: number;
  readonly scale?: number;
  readonly unsigned?: boolean;
  /** Labels of enum and set, decoded. */
  readonly labels?: readonly string[];
  /** PostgreSQL: set for a type that is not built in, or that cannot be migrated. */
  readonly named?: NamedType;
}

/** A type of PostgreSQL that somebody made, or that an extension brings. Of an array, its elements' type. */
export interface NamedType {
  readonly schema: string;
  readonly name: string;
  /** "(Point,4326)", or empty. */
  readonly modifier: string;
  readonly array: boolean;
  readonly extension?: string;
  /** Why no target can be given this type. */
  readonly refused?: string;
}

/** Options of a sequence, as decimal text. */
export interface SequenceOptions {
  readonly start: string;
  readonly increment: string;
  readonly min: string;
  readonly max: string;
  readonly cache: string;
  readonly cycle: boolean;
}

export interface CatalogueSequence extends SequenceOptions {
  readonly schema: string;
  readonly name: string;
  readonly type: string;
  readonly next: string;
  readonly ownedBy?: { readonly schema: string; readonly table: string; readonly column: string };
  /** Another sequence of this name stands in front of it, so that expressions name its schema. */
  readonly hidden?: boolean;
}

/** PostgreSQL: a type that somebody made. One of `labels`, `domain`, `attributes` is set, or it cannot be made. */
export interface CatalogueMadeType {
  readonly schema: string;
  readonly name: string;
  readonly labels?: readonly string[];
  readonly domain?: {
    readonly type: SourceType;
    readonly collation?: string;
    readonly notNull: boolean;
    readonly default?: string;
    readonly checks: readonly { readonly name: string; readonly expression: string; readonly validated: boolean }[];
  };
  readonly attributes?: readonly { readonly name: string; readonly type: SourceType; readonly collation?: string }[];
  readonly needs: readonly CatalogueNeed[];
  readonly refused?: string;
}

export interface CatalogueColumn {
  readonly name: string;
  readonly type: SourceType;
  readonly nullable: boolean;
  /**
   * A literal default has its decoded value; an expression its source text.
   * `null` literal means DEFAULT NULL; absent means no default.
   */
  readonly default?:
    | { readonly kind: 'literal'; readonly value: string | null }
    | { readonly kind: 'expression'; readonly text: string; readonly needs?: readonly CatalogueNeed[] };
  readonly autoIncrement?: boolean;
  /** PostgreSQL: an identity column with its sequence. */
  readonly identity?: { readonly always: boolean; readonly sequence: CatalogueSequence };
  readonly generated?: {
    readonly expression: string;
    readonly stored: boolean;
    readonly needs?: readonly CatalogueNeed[];
  };
  /** MySQL's ON UPDATE clause, as text. */
  readonly onUpdate?: string;
  /** INVISIBLE: `SELECT *` and an INSERT without a list of columns pass it by. */
  readonly invisible?: boolean;
  readonly charset?: string;
  readonly collation?: string;
  readonly comment?: string;
}

export interface KeyPart {
  readonly column: string;
  readonly descending?: boolean;
  /** Length of a prefix part, in characters. */
  readonly prefix?: number;
  /** Set instead of a column name for an expression part. */
  readonly expression?: string;
}

export interface CatalogueIndex {
  readonly name: string;
  readonly unique: boolean;
  /** "btree", "fulltext", "spatial", "hash". */
  readonly method: string;
  readonly parts: readonly KeyPart[];
  /** Predicate of a partial index (SQLite). */
  readonly where?: string;
  /** PostgreSQL: what stands behind USING, or of a constraint the whole definition behind its name. */
  readonly definition?: string;
  /** PostgreSQL: a unique constraint and no bare index. */
  readonly constraint?: boolean;
  readonly needs?: readonly CatalogueNeed[];
}

export interface CatalogueForeignKey {
  /** Empty in SQLite; the mapper then makes one. */
  readonly name: string;
  readonly columns: readonly string[];
  readonly targetSchema: string;
  readonly targetTable: string;
  /** Empty means the target's primary key. */
  readonly targetColumns: readonly string[];
  /** "NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT". */
  readonly onDelete: string;
  readonly onUpdate: string;
  /** PostgreSQL: "FULL", and what else its definition says. */
  readonly match?: 'FULL';
  readonly deferrable?: 'IMMEDIATE' | 'DEFERRED';
  readonly onDeleteColumns?: readonly string[];
  /** False: the source has not looked at its old rows (NOT VALID). */
  readonly validated?: boolean;
  readonly enforced?: boolean;
}

/** PostgreSQL: "RANGE (at)", and the parts of a table in an order in which they can be made. */
export interface CataloguePartitioning {
  readonly key: string;
  readonly needs: readonly CatalogueNeed[];
  readonly parts: readonly {
    readonly schema: string;
    readonly name: string;
    /** The table or part that it is a part of, "schema.name". */
    readonly parent: string;
    readonly bound: string;
    /** Set where it has parts itself. */
    readonly key?: string;
    readonly foreign: boolean;
    readonly needs: readonly CatalogueNeed[];
  }[];
}

/** PostgreSQL: how a table stands among others. */
export interface TableStanding {
  /** Partitions that hold its rows. */
  readonly partitions: number;
  /** Has children, or parents, by inheritance. */
  readonly inherits: boolean;
  readonly primaryKeyName?: string;
  readonly primaryKeyDefinition?: string;
  /** How its rows are spread. */
  readonly partitioning?: CataloguePartitioning;
  readonly exclusions: readonly {
    readonly name: string;
    readonly definition: string;
    readonly needs: readonly CatalogueNeed[];
  }[];
}

export interface CatalogueCheck {
  readonly name: string;
  readonly expression: string;
  readonly enforced?: boolean;
  /** PostgreSQL: false where the source has not looked at its old rows (NOT VALID). */
  readonly validated?: boolean;
  readonly needs?: readonly CatalogueNeed[];
}

export interface CatalogueTable {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly CatalogueColumn[];
  readonly primaryKey?: readonly KeyPart[];
  /** Unique and other indexes, without the primary key. */
  readonly indexes: readonly CatalogueIndex[];
  readonly foreignKeys: readonly CatalogueForeignKey[];
  /** `enforced: false`: the source only keeps the text; its rows may break it. Absent: enforced. */
  readonly checks: readonly CatalogueCheck[];
  readonly estimatedRows: number;
  readonly estimatedBytes: number;
  /** False where the storage engine stands outside any snapshot (MyISAM). */
  readonly transactional: boolean;
  readonly comment?: string;
  /** "RANGE COLUMNS(…), 4 partitions". */
  readonly partitioning?: string;
  /** MariaDB keeps every earlier state of its rows; what is read is the present one. */
  readonly versioned?: boolean;
  /** Next value of AUTO_INCREMENT / AUTOINCREMENT as decimal text, when the engine tells it. */
  readonly nextIdentity?: string;
  /** Set for a SQLite table that has a rowid (then `rowid` is a usable key). */
  readonly rowid?: boolean;
  readonly standing?: TableStanding;
  /** How its files are read. */
  readonly format?: TextFormat;
  /** Why it cannot be migrated. */
  readonly refused?: string;
}

export type ObjectKind =
  | 'view'
  | 'trigger'
  | 'routine'
  | 'event'
  | 'sequence'
  | 'virtual table'
  | 'materialized view'
  | 'rule'
  | 'policy'
  | 'grant'
  | 'foreign table'
  | 'statistics'
  | 'index'
  | 'constraint'
  | 'comment'
  | 'table'
  | 'schema'
  | 'large objects'
  | 'storage parameters'
  | 'column options'
  | 'default'
  | 'replica identity'
  | 'cluster'
  | 'persistence'
  | 'tablespace'
  | 'typed table'
  | 'partition'
  | 'setting'
  | 'publication'
  | 'subscription'
  | 'event trigger'
  | 'operator'
  | 'operator class'
  | 'cast'
  | 'conversion'
  | 'language'
  | 'foreign server'
  | 'access method'
  | 'security label'
  | 'collation'
  | 'text search'
  /** Its definition says why it is no table. */
  | 'file';

/** PostgreSQL: how something is made again, in the server's own words. */
export interface ObjectWords {
  /** What it belongs to. */
  readonly of?: {
    readonly kind: 'relation' | 'type' | 'routine';
    readonly schema: string;
    /** Of a routine with its arguments. */
    readonly name: string;
  };
  /** An index or constraint of the table that the words name. */
  readonly part?: string;
  /** One command each. Names are without a schema where the search path finds them. */
  readonly statements: readonly string[];
  /** What is added when all is proven: an action of ALTER TABLE. */
  readonly promoted?: string;
}

/** PostgreSQL: what else is to be known of a view. */
export interface CatalogueView {
  readonly columns: readonly string[];
  /** "security_barrier=true". */
  readonly options: readonly string[];
  /** Its query with all names qualified. */
  readonly materialized?: { readonly populated: boolean; readonly query: string };
}

/** PostgreSQL: what else is to be known of a routine. */
export interface CatalogueRoutine {
  readonly name: string;
  readonly arguments: number;
  readonly language: string;
  /** SECURITY DEFINER. */
  readonly definer: boolean;
  /** Another one stands in front of it, so that nothing names it without its schema. */
  readonly hidden: boolean;
  /** Words of its body that name a table, a type or a routine of somebody or of an extension, in lower case. */
  readonly names: readonly string[];
  /** Words of its body and settings that name a schema of somebody, in lower case. */
  readonly schemas: readonly string[];
}

/** MySQL: a function, a procedure or a trigger, taken apart. */
export interface CatalogueProgram {
  readonly type: 'function' | 'procedure' | 'trigger';
  readonly body: string;
  /** The settings under which it was made, and runs. */
  readonly sqlMode: string;
  /** Of texts that say nothing else. */
  readonly collation: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly mode: 'IN' | 'OUT' | 'INOUT';
    /** As the server prints it: "decimal(5,2)". */
    readonly type: string;
    readonly collation?: string;
  }[];
  /** Of a function. */
  readonly returns?: { readonly type: string; readonly collation?: string };
  readonly trigger?: {
    readonly timing: 'BEFORE' | 'AFTER';
    readonly event: 'INSERT' | 'UPDATE' | 'DELETE';
    readonly table: string;
    /** Among those of the same moment. */
    readonly order: number;
  };
}

/** An object that is not a table: listed, never dropped in silence. */
export interface CatalogueObject {
  readonly kind: ObjectKind;
  readonly schema: string;
  readonly name: string;
  readonly definition?: string;
  /** PostgreSQL: what makes it again; absent where nothing does (yet). */
  readonly words?: ObjectWords;
  readonly view?: CatalogueView;
  readonly routine?: CatalogueRoutine;
  readonly program?: CatalogueProgram;
  readonly needs?: readonly CatalogueNeed[];
  /** "schema.name" of the tables, views and sequences that it names. */
  readonly reads?: readonly string[];
}

export interface Catalogue {
  readonly engine: SourceEngine;
  readonly serverVersion: string;
  readonly database: string;
  readonly tables: readonly CatalogueTable[];
  readonly objects: readonly CatalogueObject[];
  /** PostgreSQL: in the order in which they can be made. */
  readonly types?: readonly CatalogueMadeType[];
  readonly sequences?: readonly CatalogueSequence[];
  /** What the login cannot see, found from its grants, each with the statement that mends it. */
  readonly cannotSee: readonly { readonly what: string; readonly mend: string }[];
  /** Included tables that the login may not read; non-empty means exit 2. */
  readonly unreadable: readonly string[];
}

/** "schema.table" for display and for keys of records. */
export function qualified(table: { readonly schema: string; readonly name: string }): string {
  return `${table.schema}.${table.name}`;
}
