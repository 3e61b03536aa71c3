import { CaravanFailure } from '../../contracts/failures.js';
import type { MysqlSession } from './connect.js';

/** The position cannot be known: no binary log, or no right to see it. */
export const UNKNOWN_POSITION = 'unknown';

async function valueOf(session: MysqlSession, sql: string): Promise<string> {
  const [row] = await session.query(sql, { attempted: 'read the position of' });
  return (row?.value ?? '').replaceAll(/\s/g, '');
}

/** A value of SHOW STATUS, which takes no privilege. */
async function statusOf(session: MysqlSession, name: string): Promise<string> {
  const [row] = await session.query(`SHOW GLOBAL STATUS LIKE '${name}'`, { attempted: 'read the position of' });
  return row?.Value ?? '';
}

/** Needs REPLICATION CLIENT (BINLOG MONITOR in MariaDB); without it the position is unknown. */
async function binaryLogPlace(session: MysqlSession): Promise<string> {
  const { engine, number } = session.facts;
  const statement = engine === 'mysql' && number >= 80_200 ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS';
  try {
    const [row] = await session.query(statement, { attempted: 'read the position of' });
    return row?.File ? `binlog:${row.File}:${row.Position ?? ''}` : UNKNOWN_POSITION;
  } catch (error) {
    if (error instanceof CaravanFailure && error.code === 'SELECT_MISSING') return UNKNOWN_POSITION;
    throw error;
  }
}

/** Without a binary log: InnoDB's log sequence number. Equal numbers prove that nothing changed; others prove nothing. */
async function logSequenceNumber(session: MysqlSession): Promise<string> {
  const name = session.facts.engine === 'mariadb' ? 'Innodb_lsn_current' : 'Innodb_redo_log_current_lsn';
  const value = await statusOf(session, name);
  return value === '' ? UNKNOWN_POSITION : `lsn:${value}`;
}

/** "gtid:…", "binlog:FILE:OFFSET", "lsn:…" or "unknown". */
export async function positionOf(session: MysqlSession): Promise<string> {
  if ((await valueOf(session, 'SELECT @@log_bin AS value')) !== '1') return logSequenceNumber(session);
  if (session.facts.engine === 'mariadb') {
    const gtid = await valueOf(session, 'SELECT @@gtid_binlog_pos AS value');
    return gtid === '' ? binaryLogPlace(session) : `gtid:${gtid}`;
  }
  const mode = await valueOf(session, 'SELECT @@gtid_mode AS value');
  if (mode !== 'ON') return binaryLogPlace(session);
  const gtid = await valueOf(session, 'SELECT @@global.gtid_executed AS value');
  return gtid === '' ? binaryLogPlace(session) : `gtid:${gtid}`;
}

/** Replication domains of MariaDB come in no certain order. */
function normal(position: string): string {
  const colon = position.indexOf(':');
  return (
    position.slice(0, colon + 1) +
    position
      .slice(colon + 1)
      .split(',')
      .sort()
      .join(',')
  );
}

/** Where the source is now against where it was. */
export function movedBetween(then: string, now: string): 'no' | 'yes' | 'unknown' {
  if (then === UNKNOWN_POSITION || now === UNKNOWN_POSITION) return 'unknown';
  if (normal(then) === normal(now)) return 'no';
  const [kind = ''] = then.split(':', 1);
  return kind === 'lsn' || !now.startsWith(`${kind}:`) ? 'unknown' : 'yes';
}

/**
 * MariaDB tells inside a consistent snapshot the place of the binary log that belongs to exactly this snapshot, without
 * a privilege or a lock: two snapshots with the same place see the same state. Undefined where it does not.
 */
export async function snapshotPlace(session: MysqlSession): Promise<string | undefined> {
  if (session.facts.engine !== 'mariadb') return undefined;
  const rows = await session.query(`SHOW STATUS LIKE 'binlog_snapshot_%'`, { attempted: 'read the position of' });
  const values = new Map(rows.map((row) => [(row.Variable_name ?? '').toLowerCase(), row.Value ?? '']));
  const file = values.get('binlog_snapshot_file') ?? '';
  return file === '' ? undefined : `${file}:${values.get('binlog_snapshot_position') ?? ''}`;
}

/** The GTID that belongs to a place of the binary log, else the place itself. */
export async function positionAt(session: MysqlSession, place: string): Promise<string> {
  const colon = place.lastIndexOf(':');
  const [file, offset] = [place.slice(0, colon), place.slice(colon + 1)];
  if (!/^[\w.\-/]+$/.test(file) || !/^\d+$/.test(offset)) return `binlog:${place}`;
  const gtid = await valueOf(session, `SELECT BINLOG_GTID_POS('${file}', ${offset}) AS value`).catch(() => '');
  return gtid === '' ? `binlog:${place}` : `gtid:${gtid}`;
}
