import { PAGE } from '../../contracts/activities.js';
import type { InMigration, InspectedSource, ScoutActivities, TableRef } from '../../contracts/activities.js';
import { qualified } from '../../contracts/catalogue.js';
import type { Catalogue } from '../../contracts/catalogue.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { MigrationInput } from '../../contracts/migration.schema.js';
import type { ReadMapping } from '../../language/mapping-file.js';
import type { Deps } from '../deps.js';
import { mappingFileOf, openSourceOf, recordOf, withEnd } from '../ends.js';
import { alive } from '../heartbeat.js';
import type { Alive } from '../heartbeat.js';
import { tableFilter } from './globs.js';
import { profileTable, profileTables } from './profile.js';

/** A table of at most so many rows and bytes, as the catalogue estimates them, is the work of a moment. */
const SMALL_ROWS = 10_000;
const SMALL_BYTES = 8 * 1024 * 1024;

/** The Scout agent: reads the catalogue, and has MABA take a fingerprint of every column. */
export function createScoutActivities(deps: Deps): ScoutActivities {
  return {
    inspectSource: (input) => alive((context) => inspectSource(deps, input, context)),
    listTables: async ({ catalogueId, offset }) => ({
      tables: pageOf(await deps.store.discovery.catalogue(catalogueId), offset),
    }),
    profileTable: (input) => alive((context) => profileTable(deps, input, context)),
    profileTables: (input) => alive((context) => profileTables(deps, input, context)),
  };
}

function pageOf({ tables }: Catalogue, offset: number): TableRef[] {
  return tables.slice(offset, offset + PAGE).map((table) => {
    const { estimatedRows: rows, estimatedBytes } = table;
    const small = rows <= SMALL_ROWS && estimatedBytes <= SMALL_BYTES;
    return { table: qualified(table), rows, ...(small && { small }) };
  });
}

async function inspectSource(deps: Deps, { migrationId }: InMigration, { signal }: Alive): Promise<InspectedSource> {
  const { input } = await recordOf(deps, migrationId);
  const whole = await withEnd(openSourceOf(deps, migrationId), (source) => source.catalogue(), signal);
  const file = await mappingFileOf(deps, input);
  if (file !== undefined) checkGlobs(file, whole);
  const given = tableFilter(file?.file.include ?? [], file?.file.exclude ?? []);
  const asked = tableFilter(input.include, input.exclude);
  const catalogue = narrow(whole, (table) => given(table) && asked(table), input);
  const catalogueId = await deps.store.discovery.putCatalogue(migrationId, catalogue);
  const inspected = {
    catalogueId,
    tables: catalogue.tables.length,
    firstTables: pageOf(catalogue, 0),
    objects: catalogue.objects.length,
    estimatedRows: catalogue.tables.reduce((rows, table) => rows + table.estimatedRows, 0),
    cannotSee: catalogue.cannotSee.length,
  };
  const data = { tables: inspected.tables, estimatedRows: inspected.estimatedRows };
  deps.bus.publish({ type: 'discovery.source_inspected', migrationId, at: new Date().toISOString(), data });
  return inspected;
}

/** A pattern of the mapping file that no table meets is a mistake, not a wish. */
function checkGlobs({ file, refuse }: ReadMapping, { tables, unreadable }: Catalogue): void {
  const names = [...tables, ...unreadable.map(nameOf)];
  const problems = (['include', 'exclude'] as const).flatMap((part) =>
    (file[part] ?? []).flatMap((glob, at) => {
      if (names.some(tableFilter([glob], []))) return [];
      const message = `no table of the source meets "${glob}"`;
      return [{ path: [part, at], message, hint: 'write it as "table" or "schema.table", with * for any run' }];
    }),
  );
  refuse(problems);
}

/** "schema.table", taken apart. */
function nameOf(name: string): { schema: string; name: string } {
  const dot = name.indexOf('.');
  return { schema: name.slice(0, Math.max(0, dot)), name: name.slice(dot + 1) };
}

/** The catalogue of what is included; bad input when that is nothing, or cannot be read. */
function narrow(
  catalogue: Catalogue,
  wanted: ReturnType<typeof tableFilter>,
  { source, assess }: Pick<MigrationInput, 'source' | 'assess'>,
): Catalogue {
  const given = catalogue.tables.filter(wanted);
  const unreadable = catalogue.unreadable.filter((name) => wanted(nameOf(name)));
  const tables = assess === true ? given.filter((table) => !unreadable.includes(qualified(table))) : given;
  // An assessment lists them; the rest of the source is worth looking at.
  if (unreadable.length > 0 && (assess !== true || tables.length === 0)) {
    throw new CaravanFailure('SELECT_MISSING', {
      attempted: 'read tables of',
      on: source,
      seen: `no SELECT on ${unreadable.slice(0, 5).join(', ')}${unreadable.length > 5 ? ' …' : ''}`,
      facts: { names: unreadable.slice(0, 20) },
    });
  }
  if (tables.length === 0) {
    throw new CaravanFailure('SOURCE_EMPTY', { attempted: 'find tables in', on: source, seen: 'no table is included' });
  }
  return { ...catalogue, tables, unreadable };
}
