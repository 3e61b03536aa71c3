import { qualified } from '../../contracts/catalogue.js';
import type { FolderEndpoint } from '../../contracts/endpoint.js';
import type { Source } from '../source.js';
import { readCatalogue } from './catalogue.js';
import { attempting } from './errors.js';
import { openFolder } from './folder.js';
import { profileTable } from './profile.js';
import { countRows } from './read.js';
import { createReader } from './reader.js';
import { openCsvSnapshot } from './snapshot.js';
import { Watch } from './watch.js';

/** A folder of files of delimited text as a source. The folder must be on a disk that this process sees. */
export async function openCsvSource(endpoint: FolderEndpoint): Promise<Source> {
  const folder = await openFolder(endpoint.path);
  return {
    engine: 'csv',
    catalogue: () => attempting({ attempted: 'read the catalogue of', on: folder.name }, () => readCatalogue(folder)),
    profile: (table, { signal }) =>
      attempting({ attempted: 'profile', on: qualified(table) }, () => profileTable(folder, table, signal)),
    countRows: (table) =>
      attempting({ attempted: 'count', on: qualified(table.source) }, () => countRows(folder, table)),
    // A range of keys lies anywhere in a file, and the target knows no places of the file: a table is one chunk.
    chunkBounds: () => Promise.resolve([]),
    openSnapshot: ({ connections }) => openCsvSnapshot(folder, connections),
    openReader: () => Promise.resolve(createReader(folder, new Watch(folder, 'SOURCE_LOST'))),
    close: () => Promise.resolve(),
  };
}
