import type { DatabaseSync } from 'node:sqlite';
import type { Reader } from '../source.js';
import { openAsking } from './ask.js';
import type { AskedFile } from './ask.js';
import { readRows } from './read.js';
import { scanRows } from './scan.js';

/** A reader over one connection; what it sees is the connection's business. */
export function createReader(database: DatabaseSync, asked?: AskedFile): Reader {
  return {
    read: (table, range, signal) => readRows(database, table, { range, ...(signal && { signal }) }),
    scan: (table, range, options) => scanRows(database, table, { ...options, range }),
    ...(asked && { asking: () => openAsking(asked) }),
  };
}
