import { CASE_INSENSITIVE_TYPE } from '../../../contracts/mapping.js';
import type { MadeCollation } from '../../../contracts/mapping.js';
import type { CanonicalBatch } from '../../source.js';
import type { AlikeColumn, Insensitive } from '../../target.js';
import type { Session } from '../connect.js';
import { CopyInto } from '../copy-into.js';
import { definitionPath } from '../native-ddl.js';
import { createCollationSql, namesIn } from './made.js';

/** LIKE on texts that are compared without regard to case. */
const VERSION_MIN = 18;
const TEMPORARY = 'pg_temp';
const TABLE = `${TEMPORARY}.caravan_keys`;
const NULL_LENGTH = 0xff_ff_ff_ff;
const ODD_LENGTH = 0xff_ff_ff_fe;

/** What the server has for texts that are compared without regard to case. */
export async function insensitive(session: Session): Promise<Insensitive> {
  const [row] = await session.rows(
    `SELECT current_setting('server_version_num')::int / 10000 >= ${String(VERSION_MIN)}
            AND EXISTS (SELECT FROM pg_catalog.pg_collation WHERE collprovider = 'i') AS icu,
            EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = '${CASE_INSENSITIVE_TYPE}') AS citext,
            EXISTS (SELECT FROM pg_catalog.pg_available_extensions WHERE name = '${CASE_INSENSITIVE_TYPE}') AS available`,
  );
  return { icu: row?.['icu'] === 't', citext: row?.['citext'] === 't', citextAvailable: row?.['available'] === 't' };
}

/** How many groups of keys the server takes for equal, of keys that are all different; undefined where the login may not try. */
export async function countAlike(
  session: Session,
  columns: readonly AlikeColumn[],
  keys: AsyncIterable<CanonicalBatch>,
): Promise<number | undefined> {
  const [login] = await session.rows(
    `SELECT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY') AS may`,
  );
  if (login?.['may'] !== 't') return undefined;
  await session.run('BEGIN');
  try {
    await makeTable(session, columns);
    const copy = new CopyInto(session, TABLE, 'binary');
    for await (const batch of keys) await copy.write(wholeRows(batch, columns.length));
    await copy.end();
    const names = columns.map((_, at) => `c${String(at)}`).join(', ');
    const [row] = await session.rows(
      `SELECT count(*) AS groups FROM (SELECT FROM ${TABLE} GROUP BY ${names} HAVING count(*) > 1) AS alike`,
    );
    return Number(row?.['groups']);
  } finally {
    if (!session.lost) await session.run('ROLLBACK');
  }
}

async function makeTable(session: Session, columns: readonly AlikeColumn[]): Promise<void> {
  const names = namesIn(TEMPORARY);
  const made = new Set(columns.filter((column): column is MadeCollation => column in names));
  for (const word of made) await session.run(createCollationSql(names[word], word));
  if (columns.includes(CASE_INSENSITIVE_TYPE))
    await session.run(`SET LOCAL search_path = ${await definitionPath(session, TEMPORARY, [CASE_INSENSITIVE_TYPE])}`);
  const list = columns.map((column, at) => {
    if (column === 'exact') return `c${String(at)} bytea`;
    return `c${String(at)} ${column === CASE_INSENSITIVE_TYPE ? column : `text COLLATE ${names[column]}`}`;
  });
  await session.run(`CREATE TEMPORARY TABLE ${TABLE} (${list.join(', ')}) ON COMMIT DROP`);
}

/** A canonical row is a row of COPY's binary form but for its count of fields. Keys with NULL, or with an odd value, are none. */
function wholeRows(batch: CanonicalBatch, fields: number): Buffer {
  const bytes = Buffer.allocUnsafe((batch.end[batch.rows - 1] ?? 0) + 2 * batch.rows);
  let length = 0;
  for (let row = 0, from = 0; row < batch.rows; row += 1) {
    const to = batch.end[row] ?? from;
    if (isWhole(batch.bytes, from, to)) {
      bytes.writeInt16BE(fields, length);
      batch.bytes.copy(bytes, length + 2, from, to);
      length += 2 + to - from;
    }
    from = to;
  }
  return bytes.subarray(0, length);
}

function isWhole(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to;) {
    const size = bytes.readUInt32BE(at);
    if (size === NULL_LENGTH || size === ODD_LENGTH) return false;
    at += 4 + size;
  }
  return true;
}
