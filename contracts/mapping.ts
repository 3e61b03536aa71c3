import { z } from 'zod';
import { textFormat } from './text-format.js';

/**
 * The mapping part of a plan: one source column or object to one target column or object, with its transform,
 * confidence and reasons. It stands in the plan's YAML under `migration:`, so a person can edit it.
 */

/** What a value is, whatever engine holds it. Drives validation, encoding and the canonical form of the proof. */
export const VALUE_KINDS = [
  'integer',
  'decimal',
  'float4',
  'float8',
  'boolean',
  'text',
  'enum',
  'bytes',
  'date',
  'timestamp',
  'timestamptz',
  'time',
  'interval',
  'json',
  'text_array',
  'bit',
  'uuid',
  'inet',
  'geometry',
  /** A value of PostgreSQL on its way to PostgreSQL: the server's own text, whatever its type. */
  'native',
] as const;
export const valueKind = z.enum(VALUE_KINDS);
export type ValueKind = z.infer<typeof valueKind>;

/** One step of a transform. A pipeline of these is data; MABA compiles it. */
export const operator = z.discriminatedUnion('op', [
  /** Text form of the source is the text form of the target. */
  z.strictObject({ op: z.literal('as_is') }),
  /** 0 and 1 to false and true. */
  z.strictObject({ op: z.literal('to_boolean') }),
  /** Raw bytes to bytea. */
  z.strictObject({ op: z.literal('to_bytea') }),
  /** "a,b" to {a,b} (MySQL SET). */
  z.strictObject({ op: z.literal('split_comma') }),
  /** MySQL's bytes of a place (SRID, then WKB) to EWKB. */
  z.strictObject({ op: z.literal('to_ewkb') }),
  /** Unsigned integer to a bit string of `width` bits. */
  z.strictObject({ op: z.literal('to_bits'), width: z.int().min(1).max(64) }),
  /** Seconds since 1970 (SQLite integers) to a timestamp. */
  z.strictObject({ op: z.literal('from_unix_seconds') }),
  /** SQLite date and time texts ("YYYY-MM-DD HH:MM:SS[.fff]", "T", "Z") to the target's form. */
  z.strictObject({ op: z.literal('parse_datetime') }),
  /** The steps from here on rewrite texts, one after another; every text that they change is in the value ledger. */
  z.strictObject({ op: z.literal('trim') }).describe('Blanks, tabs and line ends at both ends go.'),
  z.strictObject({ op: z.literal('lower') }),
  z.strictObject({ op: z.literal('upper') }),
  z.strictObject({ op: z.literal('empty_to_null') }),
  z
    .strictObject({ op: z.literal('replace'), find: z.string().min(1), with: z.string() })
    .describe('Every occurrence, by exact characters.'),
  z
    .strictObject({ op: z.literal('decode'), from: z.literal('cp1252') })
    .describe('Texts of UTF-8 bytes that were once taken for this character set; what does not decode stays.'),
]);
export type Operator = z.infer<typeof operator>;

/** Operators that make another text of a text. */
export const TEXT_STEPS = ['trim', 'lower', 'upper', 'empty_to_null', 'replace', 'decode'] as const;
export type TextStep = Extract<Operator, { op: (typeof TEXT_STEPS)[number] }>;

export function isTextStep(step: Operator): step is TextStep {
  return (TEXT_STEPS as readonly string[]).includes(step.op);
}

/** Why a value has no faithful form, as far as a person may say what becomes of it. */
export const ODD_CAUSES = [
  'zero_date',
  'impossible_date',
  'nul_character',
  'invalid_utf8',
  'out_of_range',
  'too_long',
  'too_precise',
  'not_a_number',
  'not_a_boolean',
  'bad_label',
  'wrong_storage',
  'bad_form',
] as const;
export const oddCause = z.enum(ODD_CAUSES);
export type OddCause = z.infer<typeof oddCause>;

/** What becomes of a value without a faithful form. */
export const oddPolicy = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('null') }).describe('NULL, and an entry in the value ledger.'),
  z.strictObject({ do: z.literal('quarantine') }).describe('Its row stays out of the target, kept whole.'),
  z.strictObject({ do: z.literal('fail') }).describe('The table fails.'),
  z
    .strictObject({ do: z.literal('use'), value: z.string().regex(/^[^\0]*$/u) })
    .describe('This value, and an entry in the value ledger.'),
  z.strictObject({ do: z.literal('remove') }).describe('Only of NUL characters: they go, the rest of the text stays.'),
  z
    .strictObject({ do: z.literal('decode'), from: z.literal('cp1252') })
    .describe('Only of bytes that are not UTF-8: they are read in this character set.'),
]);
export type OddPolicy = z.infer<typeof oddPolicy>;
export const oddPolicies = z.partialRecord(oddCause, oddPolicy);
export type OddPolicies = z.infer<typeof oddPolicies>;

const limits = z.strictObject({
  /** Decimal text, inclusive. */
  min: z.string().optional(),
  max: z.string().optional(),
  maxCharacters: z.int().positive().optional(),
  precision: z.int().positive().optional(),
  scale: z.int().min(0).optional(),
  labels: z.array(z.string()).optional(),
});
export type Limits = z.infer<typeof limits>;

/** Options of a sequence, as decimal text. */
const sequenceOptions = {
  start: z.string(),
  increment: z.string(),
  min: z.string(),
  max: z.string(),
  cache: z.string(),
  cycle: z.boolean(),
};

/**
 * Collations that a plan makes in the target's schema, for texts that the source compares without regard to case. By the
 * plan's word: the locale of ICU. Level 2 tells accents apart, level 1 does not.
 */
export const MADE_COLLATIONS = { ci_as: 'und-u-ks-level2', ci_ai: 'und-u-ks-level1' } as const;
export type MadeCollation = keyof typeof MADE_COLLATIONS;

export const columnMapping = z.strictObject({
  source: z.string(),
  target: z.string(),
  /** Target type as SQL. A type made by the plan is named without a schema. */
  type: z.string(),
  kind: valueKind,
  /** As the source declares it. */
  sourceNullable: z.boolean(),
  /** As the target column is made; wider than the source where values without a faithful form become NULL. */
  nullable: z.boolean(),
  /** NOT NULL in the source, and again in the target, once all rows are there and no value of it became NULL. */
  relaxed: z.boolean().optional(),
  transform: z.array(operator).min(1),
  limits: limits.default({}),
  /** Target SQL of the default; absent means none. */
  default: z.string().optional(),
  /** Target SQL of GENERATED ALWAYS AS (…) STORED: the server reckons the values, and the copy leaves them to it. */
  generated: z.string().optional(),
  /** Identity column; `next` is the least next value as decimal text. */
  identity: z
    .strictObject({
      next: z.string(),
      /** GENERATED ALWAYS; else BY DEFAULT. */
      always: z.boolean().optional(),
      sequence: z.strictObject({ name: z.string(), ...sequenceOptions }).optional(),
    })
    .optional(),
  /**
   * How texts are compared, where not by their type's own collation: a word of MADE_COLLATIONS; of a native column the
   * name of a collation of the server.
   */
  collation: z.string().optional(),
  /** What becomes of a value without a faithful form: NULL + value ledger, the row is quarantined, or the table fails. */
  onInvalid: z.enum(['null', 'quarantine', 'fail']).default('null'),
  /** What becomes of it by cause, where that is something else. */
  values: oddPolicies.optional(),
  /** Of a file: unquoted fields that are NULL in this column, beside those that are NULL in all. */
  nullWords: z.array(z.string()).optional(),
  comment: z.string().optional(),
  confidence: z.number().min(0).max(1).default(1),
  reasons: z.array(z.string()).default([]),
});
export type ColumnMapping = z.infer<typeof columnMapping>;

const action = z.enum(['NO ACTION', 'RESTRICT', 'CASCADE', 'SET NULL', 'SET DEFAULT']);

export const objectName = z.strictObject({ schema: z.string(), name: z.string() });
export type ObjectName = z.infer<typeof objectName>;

export const keyMapping = z.strictObject({
  name: z.string(),
  columns: z.array(z.string()).min(1),
  /** PostgreSQL's own words behind the constraint's name; absent: what columns and kind of key say. */
  definition: z.string().optional(),
});
export type KeyMapping = z.infer<typeof keyMapping>;

const indexPart = z.union([
  z.strictObject({ column: z.string(), descending: z.boolean().default(false) }),
  /** Target SQL. */
  z.strictObject({ expression: z.string(), descending: z.boolean().default(false) }),
]);
export type IndexPart = z.infer<typeof indexPart>;

export const indexMapping = z.strictObject({
  name: z.string(),
  /** Empty only with a definition. */
  columns: z.array(indexPart),
  /** Absent: btree. */
  method: z.enum(['gin', 'gist']).optional(),
  /** Only of an index that is no key: over an expression, or of a part of the rows. */
  unique: z.boolean().optional(),
  /** Target SQL: the rows that a partial index holds. */
  where: z.string().optional(),
  /** PostgreSQL's own words behind USING, in place of all this. */
  definition: z.string().optional(),
  /** Said where it is another index than the source's. */
  reason: z.string().optional(),
});
export type IndexMapping = z.infer<typeof indexMapping>;

const onUpdateMapping = z.strictObject({ name: z.string(), columns: z.array(z.string()).min(1) });

export const foreignKeyMapping = z.strictObject({
  name: z.string(),
  /** Target column names. */
  columns: z.array(z.string()).min(1),
  targetTable: objectName,
  targetColumns: z.array(z.string()).min(1),
  onDelete: action,
  onUpdate: action,
  match: z.literal('FULL').optional(),
  deferrable: z.enum(['IMMEDIATE', 'DEFERRED']).optional(),
  /** Columns that SET NULL or SET DEFAULT is for; PostgreSQL 15 and later. */
  onDeleteColumns: z.array(z.string()).optional(),
  /** False: NOT VALID in the source, and so it stays. */
  validated: z.boolean().optional(),
});
export type ForeignKeyMapping = z.infer<typeof foreignKeyMapping>;

/** `sql` is printed from `where` for the source; whatever a given plan has there is printed anew. */
export const rowFilter = z.strictObject({ where: z.string().min(1), sql: z.string().optional() });

export const tableMapping = z.strictObject({
  source: objectName,
  target: objectName,
  columns: z.array(columnMapping).min(1),
  /** Only rows of the source that meet it are moved. */
  filter: rowFilter.optional(),
  /** `none`: the table is made with all that belongs to it, and stays empty. */
  rows: z.enum(['all', 'none']).optional(),
  primaryKey: keyMapping.optional(),
  uniqueKeys: z.array(keyMapping).default([]),
  indexes: z.array(indexMapping).default([]),
  foreignKeys: z.array(foreignKeyMapping).default([]),
  /** Target SQL expressions, one for each constraint. */
  checks: z
    .array(z.strictObject({ name: z.string(), expression: z.string(), validated: z.boolean().optional() }))
    .default([]),
  /** PostgreSQL's own words behind the constraint's name. */
  exclusions: z.array(z.strictObject({ name: z.string(), definition: z.string() })).optional(),
  /** From PostgreSQL: how its rows are spread, "RANGE (at)", and its parts in an order in which they can be made. */
  partitions: z
    .strictObject({
      key: z.string(),
      parts: z.array(
        z.strictObject({
          source: objectName,
          name: z.string(),
          /** Target name of the table or part that it is a part of. */
          of: z.string(),
          /** "FOR VALUES …", or "DEFAULT". */
          bound: z.string(),
          key: z.string().optional(),
        }),
      ),
    })
    .optional(),
  comment: z.string().optional(),
  /** A BEFORE UPDATE trigger and its function, both of this name: its columns get the clock when a row really changes. */
  onUpdate: onUpdateMapping.optional(),
  /**
   * How rows are told apart and chunks are cut. `rowKey`: source columns of the key ("rowid" for a SQLite table
   * with none); absent: no usable key, the table is one chunk. `chunkKey`: leading key column that orders alike on
   * both sides; absent: one chunk.
   */
  rowKey: z.array(z.string()).optional(),
  chunkKey: z
    .strictObject({
      source: z.string(),
      /** Target column; absent for SQLite's implicit rowid, which the target does not have. */
      target: z.string().optional(),
      kind: z.enum(['integer', 'date', 'timestamp', 'uuid']),
    })
    .optional(),
  /** From PostgreSQL: the form of COPY in which rows are passed. Absent: text. */
  copyForm: z.literal('binary').optional(),
  /** Rows per chunk that planning aims at. */
  chunkRows: z.int().positive(),
  estimatedRows: z.number().min(0),
  /** Of a comparison: columns that have no form in common, as each side is read by itself. */
  apart: z.array(z.strictObject({ source: columnMapping, target: columnMapping })).optional(),
  /** How its files are read. Not to be edited: the source is what it is of. */
  format: textFormat.optional(),
  transactional: z.boolean().default(true),
  /** Of `mode: data-only`: columns of the target's own table that the source has not, and what puts values there. */
  leftToTarget: z
    .array(z.strictObject({ column: z.string(), by: z.enum(['default', 'sequence', 'generated', 'null']) }))
    .optional(),
});
export type TableMapping = z.infer<typeof tableMapping>;

/** A view of the source, as a query on the plan's own tables. Whether it gives the same rows is shown by the proof. */
export const viewMapping = z.strictObject({
  source: objectName,
  target: objectName,
  columns: z
    .array(
      z.strictObject({
        source: z.string(),
        target: z.string(),
        /** Its values are lists in no fixed order (GROUP_CONCAT without ORDER BY), with this between the parts. */
        parts: z.string().optional(),
      }),
    )
    .min(1),
  /** PostgreSQL's SQL, with names of the target without a schema. Made by the Architect; not to be edited. */
  query: z.string(),
  /** Tables and views of the source that it reads, "schema.name". */
  reads: z.array(z.string()).default([]),
  /** From PostgreSQL: what stands in its WITH, "security_barrier=true". */
  options: z.array(z.string()).optional(),
  /** From PostgreSQL: it keeps its rows; `query` is the source's, by which its rows are compared. */
  materialized: z.strictObject({ populated: z.boolean(), query: z.string() }).optional(),
});
export type ViewMapping = z.infer<typeof viewMapping>;

/** Are its rows passed from PostgreSQL to PostgreSQL as they are? All columns of a table are native, or none. */
export function isNative(table: TableMapping): boolean {
  return table.columns[0]?.kind === 'native';
}

/** The collation that the plan makes for the column; undefined where it is plain. */
export function madeCollation({ kind, collation }: ColumnMapping): MadeCollation | undefined {
  if (kind === 'native' || collation === undefined || !Object.hasOwn(MADE_COLLATIONS, collation)) return undefined;
  return collation as MadeCollation;
}

/** The type of a target without such collations: its texts are equal in either case. */
export const CASE_INSENSITIVE_TYPE = 'citext';

/** Of places on earth or in a plane: "geometry", or "geometry(Point)". */
export const PLACES = {
  extension: 'postgis',
  type: 'geometry',
  pattern: /^geometry(?:\((?:Point|LineString|Polygon|MultiPoint|MultiLineString|MultiPolygon|GeometryCollection)\))?$/,
} as const;

/** Columns that the copy writes; the others the target computes. */
export function copiedColumns(table: TableMapping): ColumnMapping[] {
  return table.columns.filter((column) => column.generated === undefined);
}

/** A type that the plan makes in the target schema: an enum by its labels, a domain, or a composite type. */
export const madeType = z.strictObject({
  name: z.string(),
  labels: z.array(z.string()),
  domain: z
    .strictObject({
      type: z.string(),
      collation: z.string().optional(),
      notNull: z.boolean(),
      default: z.string().optional(),
      checks: z.array(z.strictObject({ name: z.string(), expression: z.string(), validated: z.boolean().optional() })),
    })
    .optional(),
  attributes: z
    .array(z.strictObject({ name: z.string(), type: z.string(), collation: z.string().optional() }))
    .optional(),
});
export type MadeType = z.infer<typeof madeType>;

/** A sequence that is no identity column's: one that stands free, or that a column's default asks. */
export const sequenceMapping = z.strictObject({
  name: z.string(),
  type: z.enum(['smallint', 'integer', 'bigint']),
  ...sequenceOptions,
  next: z.string(),
  /** Target names. */
  ownedBy: z.strictObject({ table: z.string(), column: z.string() }).optional(),
});
export type SequenceMapping = z.infer<typeof sequenceMapping>;

/**
 * From PostgreSQL: a routine, or something that belongs to a table, a view, a sequence or a type, in the source's own
 * words. It is made as it is; what it does is not proven.
 */
export const nativeObject = z.strictObject({
  kind: z.string(),
  /** As the source calls it. */
  name: z.string(),
  /** Table, view or sequence of the target that it belongs to. */
  relation: z.string().optional(),
  /** Name of the routine of the plan that it belongs to. */
  of: z.string().optional(),
  /** What a routine is called in the target; `early`: tables need it, so that it comes before them. */
  routine: z.strictObject({ name: z.string(), arguments: z.int().min(0), early: z.boolean() }).optional(),
  /** One command each. */
  statements: z.array(z.string()),
  /** An action of ALTER TABLE, in the promotion: triggers and row level security may not touch rows before. */
  promoted: z.string().optional(),
  /** Tables and views of the source that it names, "schema.name". */
  reads: z.array(z.string()).default([]),
});
export type NativeObject = z.infer<typeof nativeObject>;

/**
 * A function, a procedure or a trigger of MySQL in PL/pgSQL, beside the source's own words. It is in the target only where
 * it was shown to do the same; else it is a proposal.
 */
export const routineMapping = z.strictObject({
  kind: z.enum(['function', 'procedure', 'trigger']),
  source: objectName,
  /** Of a trigger, its function's name as well. */
  target: objectName,
  /** The source's own words. */
  original: z.string(),
  /** PostgreSQL's commands, with names of the target without a schema. Made by the Architect; not to be edited. */
  statements: z.array(z.string()).min(1),
  arguments: z
    .array(
      z.strictObject({
        name: z.string(),
        type: z.string(),
        sort: z.string(),
        /** Of a procedure, where it gives a value back. */
        mode: z.enum(['OUT', 'INOUT']).optional(),
        /** A column of the target whose values it is tried with. */
        like: z.strictObject({ table: z.string(), column: z.string() }).optional(),
      }),
    )
    .default([]),
  /** `name`: where several fire at one moment, PostgreSQL goes by names. */
  trigger: z
    .strictObject({
      name: z.string(),
      table: z.string(),
      timing: z.enum(['BEFORE', 'AFTER']),
      event: z.enum(['INSERT', 'UPDATE', 'DELETE']),
      /** Others of the source that fire at the same change of the table. */
      beside: z.array(z.string()).default([]),
    })
    .optional(),
  /** Tables, views and routines of the source that it needs, "schema.name". */
  reads: z.array(z.string()).default([]),
  /** Tables of the target that it writes. */
  writes: z.array(z.string()).default([]),
  /** "table.column" of the target that get the clock: they are compared by whether they did. */
  clocked: z.array(z.string()).default([]),
  /** What is another in the target, though it does the same. */
  notes: z.array(z.string()).default([]),
});
export type RoutineMapping = z.infer<typeof routineMapping>;

export const notMigrated = z.strictObject({ kind: z.string(), name: z.string(), reason: z.string() });
export type NotMigrated = z.infer<typeof notMigrated>;
/** Kinds of what stays behind: the rows of a table that its filter leaves out, and all rows of one. */
export const ROWS = 'rows';
export const ALL_ROWS = 'all rows';

/** The `migration:` part of a plan document. */
export const migrationMapping = z.strictObject({
  sourceEngine: z.enum(['mysql', 'mariadb', 'sqlite', 'postgres', 'csv']),
  targetSchema: z.string(),
  identifiers: z.enum(['lower', 'preserve', 'snake']),
  /** The tables stand in the target already, and only rows come; the plan's types are theirs. */
  mode: z.literal('data-only').optional(),
  /** Of `mode: data-only`: the target's tables that the source has not. */
  untouched: z.array(z.string()).optional(),
  /** Types that the plan makes, in the target schema, in this order. */
  types: z.array(madeType).default([]),
  sequences: z.array(sequenceMapping).optional(),
  /** Extensions that the target must have. */
  extensions: z.array(z.string()).optional(),
  /** Collations that the target must have. */
  collations: z.array(z.string()).optional(),
  tables: z.array(tableMapping).min(1),
  /** In the order in which they can be made: what a view reads stands before it. */
  views: z.array(viewMapping).default([]),
  /** From PostgreSQL, in the order in which they can be made. */
  objects: z.array(nativeObject).optional(),
  /** From MySQL, in the order in which they can be made. */
  routines: z.array(routineMapping).optional(),
  notMigrated: z.array(notMigrated).default([]),
  cannotSee: z.array(z.strictObject({ what: z.string(), mend: z.string() })).default([]),
  /** What holds for the whole plan, and is no object that stays behind. */
  notes: z.array(z.string()).optional(),
  /** Names that became others than the rule alone gives, and why. */
  renamed: z.array(z.strictObject({ from: z.string(), to: z.string(), reason: z.string() })).default([]),
});
export type MigrationMapping = z.infer<typeof migrationMapping>;
