import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Reader, Snapshot } from '../source.js';
import { attempting } from './errors.js';
import { listFiles, OPTIONS_FILE, type Folder } from './folder.js';
import { createReader } from './reader.js';
import { Watch } from './watch.js';

/** Everything runs in one process: more readers only hide the waits of writing. */
const READERS_MAX = 4;

/**
 * Files cannot be held: they are hashed, and each reading of a file counts only if the file is still the same at its
 * end. When it is not, the snapshot is lost, and what was read by it is read again.
 */
export async function openCsvSnapshot(folder: Folder, connections: number): Promise<Snapshot> {
  return attempting({ attempted: 'take a snapshot of', on: folder.name }, async () => {
    const state = await stateOf(folder);
    const watch = new Watch(folder, 'SNAPSHOT_LOST');
    await watch.begin(state.files);
    const readers = Math.max(1, Math.min(connections, READERS_MAX));
    return snapshotOver({ folder, state, reader: createReader(folder, watch), readers });
  });
}

interface FolderState {
  readonly files: readonly string[];
  readonly stamps: string;
  readonly position: string;
}

/** Every file's name and hash. The stamps are taken first: a write in between makes another stamp later. */
async function stateOf(folder: Folder): Promise<FolderState> {
  const { files } = await listFiles(folder);
  const stamps = await stampsOf(folder, files);
  const whole = createHash('sha256');
  for (const file of files) whole.update(JSON.stringify([file, await hashOf(folder.pathOf(file))]));
  whole.update(await hashOf(folder.pathOf(OPTIONS_FILE)).catch(() => ''));
  return { files, stamps, position: `sha256 ${whole.digest('hex')}` };
}

async function stampsOf(folder: Folder, files: readonly string[]): Promise<string> {
  const stamps: string[] = [];
  for (const file of files) stamps.push(file, (await folder.stampOf(file)).text);
  const options = await folder.stampOf(OPTIONS_FILE).catch(() => undefined);
  return JSON.stringify([...stamps, options?.text]);
}

async function hashOf(path: string): Promise<string> {
  const sum = createHash('sha256');
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) sum.update(piece as Buffer);
  return sum.digest('hex');
}

interface Held {
  readonly folder: Folder;
  readonly state: FolderState;
  readonly reader: Reader;
  readonly readers: number;
}

function snapshotOver({ folder, state, reader, readers }: Held): Snapshot {
  const lend = limited(readers);
  let isClosed = false;
  return {
    consistent: true,
    detail: `files by their hashes, each seen to be the same before and after it is read; ${String(readers)} reader(s)`,
    position: state.position,
    connections: readers,
    lend: (work) => lend(() => work(reader)),
    moved: async () => {
      if (isClosed) return { moved: 'unknown', position: state.position };
      return movedSince(folder, state);
    },
    close: () => {
      isClosed = true;
      return Promise.resolve();
    },
  };
}

/** Only where a stamp differs the files are hashed again: they may have been touched and are the same. */
async function movedSince(folder: Folder, state: FolderState): Promise<Awaited<ReturnType<Snapshot['moved']>>> {
  try {
    const { files } = await listFiles(folder);
    if ((await stampsOf(folder, files)) === state.stamps) return { moved: 'no', position: state.position };
    const { position } = await stateOf(folder);
    return { moved: position === state.position ? 'no' : 'yes', position };
  } catch {
    return { moved: 'unknown', position: state.position };
  }
}

/** At most so many at once, first come first served. */
function limited(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = most;
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
