import type { Reader } from '../source.js';
import type { Folder } from './folder.js';
import { readRows } from './read.js';
import { scanRows } from './scan.js';
import type { Watch } from './watch.js';

/** A reader of the folder's files. Tables are one chunk: a range of keys is nowhere together in a file. */
export function createReader(folder: Folder, watch: Watch): Reader {
  return {
    read: (table, _range, signal) => watch.over(table, readRows(folder, table, signal)),
    scan: (table, _range, options) => watch.over(table, scanRows(folder, table, options)),
  };
}
