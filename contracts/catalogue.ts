/**
 * The source's catalogue, read whole, in terms that every engine shares. It lives in the store by id; histories
 * carry the id. Names are exactly as the source spells them.
 */
export type SourceEngine = 'mysql' | 'mariadb' | 'sqlite';

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
    | { readonly kind: 'expression'; readonly text: string };
  readonly autoIncrement?: boolean;
  readonly generated?: { readonly expression: string; readonly stored: boolean };
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
  readonly checks: readonly { readonly name: string; readonly expression: string; readonly enforced?: boolean }[];
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
}

/** An object that is not a table: listed, never dropped in silence. */
export interface CatalogueObject {
  readonly kind: 'view' | 'trigger' | 'routine' | 'event' | 'sequence' | 'virtual table';
  readonly schema: string;
  readonly name: string;
  readonly definition?: string;
}

export interface Catalogue {
  readonly engine: SourceEngine;
  readonly serverVersion: string;
  readonly database: string;
  readonly tables: readonly CatalogueTable[];
  readonly objects: readonly CatalogueObject[];
  /** What the login cannot see, found from its grants, each with the statement that mends it. */
  readonly cannotSee: readonly { readonly what: string; readonly mend: string }[];
  /** Included tables that the login may not read; non-empty means exit 2. */
  readonly unreadable: readonly string[];
}

/** "schema.table" for display and for keys of records. */
export function qualified(table: { readonly schema: string; readonly name: string }): string {
  return `${table.schema}.${table.name}`;
}
