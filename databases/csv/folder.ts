import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { CaravanFailure } from '../../contracts/failures.js';
import { isPacked } from './bytes.js';
import { attempting } from './errors.js';

/** Beside the files: how they are to be read. */
export const OPTIONS_FILE = 'caravan.csv.yaml';
const ENDINGS = /\.(?:csv|tsv|psv|txt)(?:\.gz)?$/i;

/** What shows that a file is another one, or was written to. */
export interface FileStamp {
  readonly size: number;
  readonly text: string;
}

/** A folder that is read as a database. Only files directly in it are; no link leads out of it. */
export interface Folder {
  readonly path: string;
  readonly name: string;
  pathOf(file: string): string;
  stampOf(file: string): Promise<FileStamp>;
}

export interface Listed {
  /** In the order of their names' bytes. */
  readonly files: readonly string[];
  /** Why the others are no tables. */
  readonly others: readonly { readonly name: string; readonly why: string }[];
}

function invalid(path: string, seen: string): CaravanFailure {
  const next = 'Name a folder that holds the files; the workers must be able to see it.';
  return new CaravanFailure('SOURCE_FILE_INVALID', { attempted: 'open the folder', on: basename(path), seen, next });
}

export async function openFolder(path: string): Promise<Folder> {
  return attempting({ attempted: 'open the folder', on: basename(path) }, async () => {
    const real = await realpath(path);
    if (!(await stat(real)).isDirectory()) throw invalid(path, 'it is no folder');
    await readdir(real);
    const pathOf = (file: string): string => join(real, file);
    const stampOf = async (file: string): Promise<FileStamp> => {
      const { size, mtimeNs, ctimeNs, ino, dev } = await attempting({ attempted: 'look at', on: file }, () =>
        stat(pathOf(file), { bigint: true }),
      );
      return { size: Number(size), text: [size, mtimeNs, ctimeNs, ino, dev].join(' ') };
    };
    return { path: real, name: basename(real), pathOf, stampOf };
  });
}

/** Files of the folder by what they are. Names that begin with a dot are not looked at. */
export async function listFiles(folder: Folder): Promise<Listed> {
  const names = (await readdir(folder.path)).filter((name) => !name.startsWith('.') && name !== OPTIONS_FILE);
  const files: string[] = [];
  const others: { name: string; why: string }[] = [];
  for (const name of names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
    const why = await obstacle(folder, name);
    if (why === undefined) files.push(name);
    else others.push({ name, why });
  }
  return { files, others };
}

async function obstacle(folder: Folder, name: string): Promise<string | undefined> {
  const path = folder.pathOf(name);
  const real = await realpath(path).catch(() => undefined);
  if (real === undefined) return 'its name is not UTF-8, or it is a link to nothing';
  if (!real.startsWith(folder.path.endsWith(sep) ? folder.path : folder.path + sep))
    return 'it is a link that leads out of the folder';
  const about = await stat(real);
  if (about.isDirectory()) return 'it is a folder: only files directly in the source are read';
  if (!about.isFile()) return 'it is no regular file';
  if (!ENDINGS.test(name)) return 'its name does not end in .csv, .tsv, .psv or .txt, alone or with .gz';
  return about.size === 0 ? 'it is empty' : undefined;
}

/** A table's name: the file's without its ending. */
export function stemOf(file: string): string {
  return file.replace(ENDINGS, '') || file;
}

/** "tsv", whether packed or not. */
export function endingOf(file: string): string {
  const plain = isPacked(file) ? file.slice(0, -3) : file;
  return plain.slice(plain.lastIndexOf('.') + 1).toLowerCase();
}
