import type { MysqlSession, TextRow } from './connect.js';
import { quoteText } from './sql.js';

/** The catalogue as rows, each kind read once for the whole database. Aliases: MySQL 8 prints names in upper case. */
export interface CatalogueRows {
  readonly tables: readonly TextRow[];
  readonly columns: readonly TextRow[];
  readonly indexes: readonly TextRow[];
  readonly foreignKeys: readonly TextRow[];
  readonly rules: readonly TextRow[];
  readonly checks: readonly TextRow[];
  readonly views: readonly TextRow[];
  readonly routines: readonly TextRow[];
  readonly triggers: readonly TextRow[];
  /** Of routines. */
  readonly parameters: readonly TextRow[];
  readonly events: readonly TextRow[];
  readonly partitions: readonly TextRow[];
}

const TABLES = (schema: string): string => `
  SELECT t.TABLE_NAME AS name, t.TABLE_TYPE AS type, t.ENGINE AS engine, e.TRANSACTIONS AS transactions,
    t.TABLE_ROWS AS row_estimate, t.DATA_LENGTH AS bytes, t.AUTO_INCREMENT AS next_identity, t.TABLE_COMMENT AS comment
  FROM information_schema.TABLES t LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE
  WHERE t.TABLE_SCHEMA = ${schema}`;

const COLUMNS = (schema: string): string => `
  SELECT TABLE_NAME AS table_name, COLUMN_NAME AS name, ORDINAL_POSITION AS place, DATA_TYPE AS base,
    COLUMN_TYPE AS declared, IS_NULLABLE AS nullable, COLUMN_DEFAULT AS default_text,
    CHARACTER_MAXIMUM_LENGTH AS characters, NUMERIC_PRECISION AS \`precision\`, NUMERIC_SCALE AS scale,
    DATETIME_PRECISION AS fraction, CHARACTER_SET_NAME AS charset, COLLATION_NAME AS collation, EXTRA AS extra,
    GENERATION_EXPRESSION AS generation, COLUMN_COMMENT AS comment
  FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ${schema}`;

const INDEXES = (schema: string, expression: string): string => `
  SELECT TABLE_NAME AS table_name, INDEX_NAME AS name, NON_UNIQUE AS non_unique, SEQ_IN_INDEX AS place,
    COLUMN_NAME AS column_name, COLLATION AS direction, SUB_PART AS prefix, INDEX_TYPE AS method,
    ${expression} AS expression
  FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ${schema}`;

const FOREIGN_KEYS = (schema: string): string => `
  SELECT TABLE_NAME AS table_name, CONSTRAINT_NAME AS name, COLUMN_NAME AS column_name, ORDINAL_POSITION AS place,
    REFERENCED_TABLE_SCHEMA AS target_schema, REFERENCED_TABLE_NAME AS target_table,
    REFERENCED_COLUMN_NAME AS target_column
  FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA = ${schema} AND REFERENCED_TABLE_NAME IS NOT NULL`;

/** A login with SELECT alone sees no row here, but it does see KEY_COLUMN_USAGE (MariaDB 10.11). */
const RULES = (schema: string): string => `
  SELECT TABLE_NAME AS table_name, CONSTRAINT_NAME AS name, UPDATE_RULE AS on_update, DELETE_RULE AS on_delete
  FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = ${schema}`;

const MARIADB_CHECKS = (schema: string): string => `
  SELECT TABLE_NAME AS table_name, CONSTRAINT_NAME AS name, CHECK_CLAUSE AS expression
  FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = ${schema}`;

const MYSQL_CHECKS = (schema: string): string => `
  SELECT t.TABLE_NAME AS table_name, c.CONSTRAINT_NAME AS name, c.CHECK_CLAUSE AS expression,
    t.ENFORCED AS enforced
  FROM information_schema.CHECK_CONSTRAINTS c JOIN information_schema.TABLE_CONSTRAINTS t
    ON t.CONSTRAINT_SCHEMA = c.CONSTRAINT_SCHEMA AND t.CONSTRAINT_NAME = c.CONSTRAINT_NAME
  WHERE c.CONSTRAINT_SCHEMA = ${schema} AND t.CONSTRAINT_TYPE = 'CHECK'`;

function checksQuery({ facts }: MysqlSession, schema: string): string | undefined {
  if (facts.engine === 'mariadb') return facts.number >= 100_222 ? MARIADB_CHECKS(schema) : undefined;
  return facts.number >= 80_016 ? MYSQL_CHECKS(schema) : undefined;
}

/** Everything about one database, in about ten queries whatever the number of tables. */
export async function readCatalogueRows(session: MysqlSession): Promise<CatalogueRows> {
  const { facts } = session;
  const schema = quoteText(session.database);
  const of = (sql: string): Promise<TextRow[]> => session.query(sql, { attempted: 'read the catalogue of' });
  const mysql8 = facts.engine === 'mysql' && facts.number >= 80_000;
  // Else AUTO_INCREMENT may be a day old.
  if (mysql8) await of('SET SESSION information_schema_stats_expiry = 0');
  const checks = checksQuery(session, schema);
  return {
    tables: await of(TABLES(schema)),
    columns: await of(COLUMNS(schema)),
    indexes: await of(INDEXES(schema, mysql8 && facts.number >= 80_013 ? 'EXPRESSION' : 'NULL')),
    foreignKeys: await of(FOREIGN_KEYS(schema)),
    rules: await of(RULES(schema)),
    checks: checks === undefined ? [] : await of(checks),
    views: await of(
      `SELECT TABLE_NAME AS name, VIEW_DEFINITION AS definition FROM information_schema.VIEWS WHERE TABLE_SCHEMA = ${schema}`,
    ),
    routines: await of(
      `SELECT ROUTINE_NAME AS name, ROUTINE_TYPE AS type, ROUTINE_DEFINITION AS definition, ROUTINE_BODY AS language,
         SQL_MODE AS sql_mode, DATABASE_COLLATION AS collation
       FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ${schema}`,
    ),
    // Place 0 is what a function gives.
    parameters: await of(
      `SELECT SPECIFIC_NAME AS routine, ROUTINE_TYPE AS type, ORDINAL_POSITION AS place, PARAMETER_MODE AS mode,
         PARAMETER_NAME AS name, DTD_IDENTIFIER AS declared, COLLATION_NAME AS collation
       FROM information_schema.PARAMETERS WHERE SPECIFIC_SCHEMA = ${schema} ORDER BY ROUTINE_TYPE, SPECIFIC_NAME, ORDINAL_POSITION`,
    ),
    triggers: await of(
      `SELECT TRIGGER_NAME AS name, ACTION_TIMING AS timing, EVENT_MANIPULATION AS event,
         EVENT_OBJECT_TABLE AS table_name, ACTION_STATEMENT AS definition, ACTION_ORDER AS place,
         SQL_MODE AS sql_mode, DATABASE_COLLATION AS collation
       FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ${schema}`,
    ),
    partitions: await of(
      `SELECT TABLE_NAME AS table_name, PARTITION_METHOD AS method, PARTITION_EXPRESSION AS expression, COUNT(*) AS parts
       FROM information_schema.PARTITIONS WHERE TABLE_SCHEMA = ${schema} AND PARTITION_NAME IS NOT NULL GROUP BY 1, 2, 3`,
    ),
    events: await of(
      `SELECT EVENT_NAME AS name, EVENT_DEFINITION AS definition FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ${schema}`,
    ),
  };
}
