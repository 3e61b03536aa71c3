import type { DatabaseSync } from 'node:sqlite';
import type { Reader } from '../source.js';
import { readRows } from './read.js';
import { scanRows } from './scan.js';

/** A reader over one connection; what it sees is the connection's business. */
export function createReader(database: DatabaseSync): Reader {
  return {
    read: (table, range, signal) => readRows(database, table, { range, ...(signal && { signal }) }),
    scan: (table, range, options) => scanRows(database, table, { ...options, range }),
  };
}
