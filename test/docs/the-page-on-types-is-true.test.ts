import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { MYSQL_TYPES } from '../../activities/maba/mapping/types-mysql.js';
import { SQLITE_TYPES } from '../../activities/maba/mapping/types-sqlite.js';
import { typeTables } from '../../activities/maba/mapping/type-table.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Base names of the reference manuals: MySQL 8.4 and 9, MariaDB 11. */
const MANUALS = [
  ...['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'decimal', 'float', 'double', 'bit'],
  ...['date', 'datetime', 'timestamp', 'time', 'year'],
  ...['char', 'varchar', 'binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob'],
  ...['tinytext', 'text', 'mediumtext', 'longtext', 'enum', 'set', 'json', 'vector', 'uuid', 'inet4', 'inet6'],
  ...['geometry', 'point', 'linestring', 'polygon', 'multipoint', 'multilinestring', 'multipolygon'],
  ...['geometrycollection', 'geomcollection'],
];

describe('the page on types', () => {
  it('says what the choosers choose', () => {
    const output = execFileSync(process.execPath, ['scripts/write-type-mapping.js', '--check'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(output).toBe('');
  });

  it('has a row for every type of the manuals, and each row has an example with a reason', () => {
    const names = new Set(MYSQL_TYPES.flatMap((row) => row.names));
    expect(MANUALS.filter((name) => !names.has(name))).toEqual([]);
    expect([...MYSQL_TYPES, ...SQLITE_TYPES].filter((row) => row.examples.length === 0)).toEqual([]);
    const entries = typeTables().flatMap((table) => table.entries);
    expect(
      entries.filter(({ target, codec, limits, reason }) => ![target, codec, limits, reason].every(Boolean)),
    ).toEqual([]);
  });
});
