import { basename } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { qualified } from '../../contracts/catalogue.js';
import type { FileEndpoint } from '../../contracts/endpoint.js';
import type { Source } from '../source.js';
import { countRows, findChunkBounds } from './bounds.js';
import { readCatalogue } from './catalogue.js';
import { connect, databaseFile } from './connect.js';
import { toFailure, type Attempt } from './errors.js';
import { profileTable } from './profile.js';
import { createReader } from './reader.js';
import { openSqliteSnapshot } from './snapshot.js';

/**
 * A SQLite file as a source. Everything runs synchronously inside this process and gives the event loop a turn between
 * batches; the file must be on a disk that this process sees.
 */
export async function openSqliteSource(endpoint: FileEndpoint): Promise<Source> {
  const file = await databaseFile(endpoint.path);
  const main = connect(file);
  const opened = new Set<DatabaseSync>([main]);
  const failing = async <T>(attempt: Attempt, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw toFailure(error, attempt);
    }
  };
  return {
    engine: 'sqlite',
    catalogue: () =>
      failing({ attempted: 'read the catalogue of', on: basename(file) }, () => readCatalogue(main, file)),
    profile: (table, options) =>
      failing({ attempted: 'profile', on: qualified(table) }, () => profileTable(main, table, options)),
    chunkBounds: (table) =>
      failing({ attempted: 'find the chunks of', on: qualified(table.source) }, () => findChunkBounds(main, table)),
    countRows: (table) =>
      failing({ attempted: 'count', on: qualified(table.source) }, () => Promise.resolve(countRows(main, table))),
    openSnapshot: ({ connections }) => openSqliteSnapshot({ file, connections }),
    openReader: () =>
      failing({ attempted: 'open', on: basename(file) }, async () => {
        const database = connect(file);
        opened.add(database);
        return Promise.resolve(createReader(database));
      }),
    close: async () => {
      for (const database of opened) database.close();
      opened.clear();
      return Promise.resolve();
    },
  };
}
