import type { KeyRange, Source } from '../../databases/source.js';
import { NULL_MARK, ODD_MARK } from '../../databases/canonical.js';
import type { ColumnMapping, TableMapping, ValueKind } from '../../contracts/mapping.js';

/** A mapping for tests: "id integer" per column; keys by name. */
export function mappingOf(
  table: { readonly schema: string; readonly name: string; readonly columns: readonly string[] },
  keys: Partial<Pick<TableMapping, 'rowKey' | 'chunkKey' | 'chunkRows' | 'estimatedRows'>> = {},
): TableMapping {
  return {
    source: { schema: table.schema, name: table.name },
    target: { schema: 'public', name: table.name },
    columns: table.columns.map(columnOf),
    uniqueKeys: [],
    indexes: [],
    foreignKeys: [],
    checks: [],
    chunkRows: 1000,
    estimatedRows: 0,
    transactional: true,
    ...keys,
  };
}

function columnOf(text: string): ColumnMapping {
  const [source = '', kind = '', width = ''] = text.split(' ');
  return {
    source,
    target: source,
    type: kind,
    kind: kind as ValueKind,
    sourceNullable: source !== 'id',
    nullable: source !== 'id',
    transform: kind === 'bit' ? [{ op: 'to_bits', width: Number(width) }] : [{ op: 'as_is' }],
    limits: {},
    onInvalid: 'null',
    confidence: 1,
    reasons: [],
  };
}

/** A table with a row of awkward values, one of odd ones, one of NULL, one more. */
export const AWKWARD = String.raw`
CREATE DATABASE rows_db CHARACTER SET utf8mb4; USE rows_db; SET sql_mode = 'NO_ENGINE_SUBSTITUTION'; SET time_zone = '+00:00';
CREATE TABLE awkward (id INT UNSIGNED ZEROFILL PRIMARY KEY, t TEXT, l VARCHAR(20) CHARACTER SET latin1, bin VARBINARY(20), big BLOB,
  u BIGINT UNSIGNED, d DECIMAL(65,30), f FLOAT, g DOUBLE, b BIT(64), b1 BIT(1), day DATE, at DATETIME(3), ts TIMESTAMP(6) NULL,
  clock TIME(6), span TIME(6), e ENUM('a','b,c',''), s SET('x','y z'), y YEAR, flag TINYINT(1), uu BINARY(16), js JSON);
INSERT INTO awkward VALUES
 (1, 'tab\tnul\0line\n\\N 🫡', 'caf\xe9', x'00ff0a0d5c', x'deadbeef', 18446744073709551615, 12345678901234567890123456789012345.123456789012345678901234567890,
  1.2345678, 0.1, b'1000000000000000000000000000000000000000000000000000000000000001', b'1', '2020-02-29', '2020-01-31 12:34:56.120',
  '2020-01-31 12:34:56.000001', '23:59:59.999999', '-838:59:59', 'b,c', 'x,y z', 2155, 1, x'00112233445566778899aabbccddeeff', '{"a": [1, "\\u00e9"]}'),
 (2, '', '', '', '', 0, 0, 16777215, 5e-324, 0, 0, '0000-00-00', '2021-00-01', '0000-00-00', '25:00:00', '00:00:00.5', 'zzz', '', 0, 2, x'00', 'null'),
 (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
 (4, '日本', '€', x'01', x'01', 7, -0.5, -3.4e38, 1.7976931348623157e308, 5, 1, '0007-01-05', '9999-12-31 23:59:59', '1970-01-01 00:00:01', '00:00:00', '838:59:59', '', 'x', 1901, 0, x'ff', '1e400');
UPDATE awkward SET l = CONVERT(x'636166e9' USING latin1) WHERE id = 1;
UPDATE awkward SET l = CONVERT(x'80' USING latin1) WHERE id = 4;`;

export const AWKWARD_COLUMNS = [
  ...[
    'id integer',
    't text',
    'l text',
    'bin bytes',
    'big bytes',
    'u decimal',
    'd decimal',
    'f float4',
    'g float8',
    'b bit 64',
    'b1 boolean',
  ],
  ...[
    'day date',
    'at timestamp',
    'ts timestamptz',
    'clock time',
    'span interval',
    'e enum',
    's text_array',
    'y integer',
    'flag boolean',
  ],
  ...['uu uuid', 'js json'],
];

/** Fields of a canonical row: text, null, or what is odd as { odd }. */
export function fieldsOf(row: Buffer): (Buffer | null | { odd: string })[] {
  const fields: (Buffer | null | { odd: string })[] = [];
  for (let at = 0; at < row.length;) {
    const mark = row.readUInt32BE(at);
    at += 4;
    if (mark === NULL_MARK) fields.push(null);
    else {
      const odd = mark === ODD_MARK;
      const length = odd ? row.readUInt32BE(at) : mark;
      if (odd) at += 4;
      const value = Buffer.from(row.subarray(at, at + length));
      fields.push(odd ? { odd: value.toString() } : value);
      at += length;
    }
  }
  return fields;
}

/** Every row as the copy gets it: the mapping's fields, then the row key. */
export async function readEvery(source: Source, table: TableMapping, range: KeyRange): Promise<(Buffer | null)[][]> {
  const reader = await source.openReader();
  const rows: (Buffer | null)[][] = [];
  for await (const batch of reader.read(table, range)) {
    for (let row = 0; row < batch.rows; row++) {
      rows.push(
        Array.from({ length: batch.fields }, (_, field) => {
          const start = batch.start[row * batch.fields + field] ?? 0;
          return start < 0 ? null : Buffer.from(batch.bytes.subarray(start, batch.end[row * batch.fields + field]));
        }),
      );
    }
  }
  return rows;
}

/** Every row as the proof gets it. */
export async function scanEvery(
  source: Source,
  table: TableMapping,
  range: KeyRange,
): Promise<{ rows: Buffer[]; keys: string[] }> {
  const reader = await source.openReader();
  const rows: Buffer[] = [];
  const keys: string[] = [];
  for await (const batch of reader.scan(table, range, { keys: true })) {
    for (let row = 0; row < batch.rows; row++) {
      rows.push(Buffer.from(batch.bytes.subarray(batch.end[row - 1] ?? 0, batch.end[row])));
    }
    keys.push(...batch.keys);
  }
  return { rows, keys };
}
