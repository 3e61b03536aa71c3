import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { COLUMNS, TABLE, rowPieces } from '../copy/rows.js';

const SQLITE_TABLE = `CREATE TABLE ${TABLE} (
  id INTEGER PRIMARY KEY, account INTEGER NOT NULL, status TEXT NOT NULL, amount DECIMAL(12,2) NOT NULL,
  weight DOUBLE NOT NULL, active INTEGER NOT NULL, ordered_at DATETIME NOT NULL, due_on DATE,
  email VARCHAR(120) NOT NULL, city VARCHAR(60) NOT NULL, note TEXT, reference BIGINT NOT NULL)`;

/** Rows of one INSERT; SQLite takes 32,766 parameters. */
const INSERT_ROWS = 500;

/** The bench's rows in a file; its path. */
export function makeSqliteFile(folder: string, rows: number): string {
  const path = join(folder, `rows-${String(rows)}.sqlite`);
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF');
  database.exec(`${SQLITE_TABLE}; BEGIN`);
  const one = `(${COLUMNS.map(() => '?').join(', ')})`;
  const many = database.prepare(`INSERT INTO ${TABLE} VALUES ${Array(INSERT_ROWS).fill(one).join(', ')}`);
  const single = database.prepare(`INSERT INTO ${TABLE} VALUES ${one}`);
  let waiting: (string | bigint | number | null)[][] = [];
  for (const piece of rowPieces(rows)) {
    for (const line of piece.toString().split('\n')) {
      if (line === '') continue;
      waiting.push(line.split('\t').map(valueOf));
      if (waiting.length < INSERT_ROWS) continue;
      many.run(...waiting.flat());
      waiting = [];
    }
  }
  for (const row of waiting) single.run(...row);
  database.exec('COMMIT');
  database.close();
  return path;
}

const WHOLE = new Set(['id', 'account', 'active', 'reference']);

function valueOf(field: string, at: number): string | bigint | number | null {
  if (field === '\\N') return null;
  const column = COLUMNS[at] ?? '';
  if (WHOLE.has(column)) return BigInt(field);
  if (column === 'weight' || column === 'amount') return Number(field);
  return field.replaceAll('\\\\', '\\');
}
