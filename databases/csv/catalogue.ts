import type { Catalogue, CatalogueColumn, CatalogueObject, CatalogueTable } from '../../contracts/catalogue.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { toFailure } from './errors.js';
import { findFormat, type FoundFormat } from './format/find-format.js';
import { listFiles, OPTIONS_FILE, stemOf, type Folder } from './folder.js';
import { readOptions, type OptionsOf } from './format/options.js';

const SCHEMA = 'main';

/** Files that become one table. */
interface Group {
  readonly name: string;
  readonly given: OptionsOf | undefined;
  readonly files: string[];
}

/** Tables are "main", named after their files; what is no table is an object that says why. */
export async function readCatalogue(folder: Folder): Promise<Catalogue> {
  const { files, others } = await listFiles(folder);
  if (files.length === 0 && others.length === 0)
    throw new CaravanFailure('SOURCE_EMPTY', {
      attempted: 'find tables in',
      on: folder.name,
      seen: 'the folder is empty',
    });
  const options = await readOptions(folder, files);
  const tables: CatalogueTable[] = [];
  const objects: CatalogueObject[] = others.map(({ name, why }) => fileObject(name, why));
  for (const group of groupsOf(files, options.of)) {
    const found = await findTable(folder, group);
    if ('noTable' in found) objects.push(...group.files.map((file) => fileObject(file, found.noTable)));
    else tables.push(found);
  }
  return {
    ...{ engine: 'csv', serverVersion: 'delimited text', database: folder.name },
    ...{ tables, objects, cannotSee: [], unreadable: [] },
  };
}

function fileObject(name: string, why: string): CatalogueObject {
  return { kind: 'file', schema: SCHEMA, name, definition: why };
}

/** Files of a pattern that names a table are one; others are tables of their own. Where two would have one name, they keep their endings. */
function groupsOf(files: readonly string[], optionsOf: (file: string) => OptionsOf | undefined): Group[] {
  const groups = new Map<string, Group>();
  const stems = new Map<string, number>();
  const isOwn = (file: string): boolean => optionsOf(file)?.options.table === undefined;
  for (const file of files.filter(isOwn)) stems.set(stemOf(file), (stems.get(stemOf(file)) ?? 0) + 1);
  for (const file of files) {
    const given = optionsOf(file);
    const stem = (stems.get(stemOf(file)) ?? 0) > 1 ? file : stemOf(file);
    const name = given?.options.table ?? stem;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, { name, given, files: [file] });
    else if (!isOwn(file) && group.given === given) group.files.push(file);
    else throw sameName(name, file);
  }
  return [...groups.values()];
}

function sameName(name: string, file: string): CaravanFailure {
  const seen = `"${file}" would be a part of it, too, and no single pattern says so`;
  return new CaravanFailure('CSV_OPTIONS_INVALID', { attempted: 'make the table', on: name, seen });
}

async function findTable(folder: Folder, { name, given, files }: Group): Promise<CatalogueTable | { noTable: string }> {
  const found: FoundFormat[] = [];
  for (const file of files) {
    try {
      const one = await findFormat(folder, file, given);
      // A file without a row adds none to a table of many.
      if ('noTable' in one && files.length === 1) return one;
      if ('noTable' in one) throw misfit(file, one.noTable);
      found.push(one);
    } catch (error) {
      const failure = toFailure(error, { attempted: 'look into', on: file });
      if (!(failure instanceof CaravanFailure) || failure.code !== 'SOURCE_FILE_INVALID') throw failure;
      return refusedTable(name, `${file}: ${failure.seen}`);
    }
  }
  const [first] = found;
  if (first === undefined) return { noTable: 'there is no row in it' };
  checkColumns(found);
  const names = first.format.columns;
  checkKey(given, names);
  const refused = found.find((one) => one.refused !== undefined)?.refused;
  if (refused !== undefined) return refusedTable(name, refused);
  return {
    ...{ schema: SCHEMA, name },
    columns: names.map(textColumn),
    ...(given?.options.primaryKey && { primaryKey: given.options.primaryKey.map((column) => ({ column })) }),
    ...{ indexes: [], foreignKeys: [], checks: [], transactional: true },
    estimatedRows: found.reduce((sum, { rows }) => sum + rows, 0),
    estimatedBytes: found.reduce((sum, { bytes }) => sum + bytes, 0),
    format: {
      ...(given?.options.table !== undefined && { pattern: given.pattern }),
      files: found.map(({ format }) => format),
    },
  };
}

/** A table that cannot be read stands in the catalogue, so that it can be excluded, and is refused where it is not. */
function refusedTable(name: string, refused: string): CatalogueTable {
  return {
    ...{ schema: SCHEMA, name, columns: [textColumn('row')], indexes: [], foreignKeys: [], checks: [] },
    ...{ estimatedRows: 0, estimatedBytes: 0, transactional: true, refused },
  };
}

/** All that is known of a column before its values were looked at: every value may be NULL, and is a text. */
function textColumn(name: string): CatalogueColumn {
  return { name, type: { base: 'text', declared: 'text' }, nullable: true };
}

function misfit(file: string, seen: string): CaravanFailure {
  const next = `Take it out of the pattern in ${OPTIONS_FILE}.`;
  return new CaravanFailure('CSV_OPTIONS_INVALID', { attempted: 'join into a table', on: file, seen, next });
}

/** Files of one table have the same columns: by name where they have headers, else as many. */
function checkColumns(found: readonly FoundFormat[]): void {
  const [first, ...rest] = found.map(({ format }) => format);
  for (const { file, columns } of rest) {
    const missing = first?.columns.filter((name) => !columns.includes(name)) ?? [];
    const strange = columns.filter((name) => first?.columns.includes(name) !== true);
    if (missing.length + strange.length === 0) continue;
    const parts = [
      ...(missing.length > 0 ? [`it lacks ${missing.slice(0, 5).join(', ')}`] : []),
      ...(strange.length > 0 ? [`only it has ${strange.slice(0, 5).join(', ')}`] : []),
    ];
    throw misfit(file, `its columns are not those of "${first?.file ?? ''}": ${parts.join('; ')}`);
  }
}

function checkKey(given: OptionsOf | undefined, columns: readonly string[]): void {
  const strangers = given?.options.primaryKey?.filter((name) => !columns.includes(name)) ?? [];
  if (strangers.length === 0) return;
  const seen = `its primaryKey names columns that are not there: ${strangers.join(', ')}`;
  throw new CaravanFailure('CSV_OPTIONS_INVALID', { attempted: 'read the files of', on: given?.pattern ?? '', seen });
}
