import type { Catalogue, CatalogueIndex, CatalogueTable } from '../../contracts/catalogue.js';
import { qualified } from '../../contracts/catalogue.js';
import type { PlanDocument } from '../../contracts/definition.schema.js';
import { isNative, PLACES } from '../../contracts/mapping.js';
import type { ColumnMapping, IndexMapping, MigrationMapping, TableMapping } from '../../contracts/mapping.js';
import type { Target } from '../../databases/target.js';
import { AS_EWKB } from '../maba/mapping/choosers-mysql.js';
import { constraintName } from '../maba/mapping/names.js';

/** PostGIS's names of the kinds of places that MySQL has. Any other type of a place takes all of them. */
const KINDS: Readonly<Record<string, string>> = {
  point: 'Point',
  linestring: 'LineString',
  polygon: 'Polygon',
  multipoint: 'MultiPoint',
  multilinestring: 'MultiLineString',
  multipolygon: 'MultiPolygon',
  geometrycollection: 'GeometryCollection',
  geomcollection: 'GeometryCollection',
};

/**
 * The plan with places as PostGIS's own type where the target has PostGIS, and its spatial indexes with them. Without it
 * they stay the bytes of their EWKB, and the plan says what would change that.
 */
export async function fitPlaces(
  { catalogue, target }: { readonly catalogue: Catalogue; readonly target: Target },
  document: PlanDocument,
): Promise<PlanDocument> {
  const { migration } = document;
  if (!migration.tables.some((table) => !isNative(table) && table.columns.some(isPlaceAsBytes))) return document;
  const postgis = await target.postgis();
  if (postgis === 'there') return { ...document, migration: withPlaces(migration, catalogue) };
  if (postgis === 'none') return document;
  const { notes = [] } = migration;
  return { ...document, migration: { ...migration, notes: [...notes, AVAILABLE] } };
}

const AVAILABLE =
  'Places are kept as the bytes of their EWKB: CREATE EXTENSION postgis; in the target would give them its type, and spatial indexes.';

/** One that a mapping file makes bytes stays bytes. */
function isPlaceAsBytes({ kind, type, reasons }: ColumnMapping): boolean {
  return kind === 'geometry' && type === 'bytea' && reasons.some((reason) => reason.endsWith(AS_EWKB));
}

function withPlaces(migration: MigrationMapping, catalogue: Catalogue): MigrationMapping {
  const sources = new Map(catalogue.tables.map((table) => [qualified(table), table]));
  const taken = relationNames(migration);
  const made = new Set<string>();
  const tables = migration.tables.map((table) => {
    const source = sources.get(qualified(table.source));
    if (source === undefined || isNative(table) || !table.columns.some(isPlaceAsBytes)) return table;
    return placedTable(table, { source, taken, made });
  });
  const notMigrated = migration.notMigrated.filter(({ kind, name }) => kind !== 'index' || !made.has(name));
  const extensions = [...new Set([...(migration.extensions ?? []), PLACES.extension])];
  return { ...migration, tables, notMigrated, extensions };
}

interface Placing {
  readonly source: CatalogueTable;
  /** Names of relations of the plan; grows. */
  readonly taken: Set<string>;
  /** Indexes that are made after all, as `notMigrated` names them; grows. */
  readonly made: Set<string>;
}

function placedTable(table: TableMapping, { source, taken, made }: Placing): TableMapping {
  const columns = table.columns.map((column) => (isPlaceAsBytes(column) ? placed(column, source) : column));
  const indexes = source.indexes.flatMap((index): IndexMapping[] => {
    const column = spatialColumn(index, columns);
    if (column === undefined) return [];
    const from = `${qualified(source)}.${index.name}`;
    made.add(from);
    const name = constraintName(`${table.target.name}_${column.target}_idx`, from, taken);
    return [{ name, columns: [{ column: column.target, descending: false }], method: 'gist', reason: SPATIAL }];
  });
  return { ...table, columns, indexes: [...table.indexes, ...indexes] };
}

const SPATIAL = 'SPATIAL in the source: search with && and ST_Intersects';

function placed(column: ColumnMapping, source: CatalogueTable): ColumnMapping {
  const declared = source.columns.find(({ name }) => name === column.source)?.type;
  const kind = KINDS[declared?.base ?? ''];
  const type = kind === undefined ? PLACES.type : `${PLACES.type}(${kind})`;
  const reasons = [`declared ${declared?.declared ?? PLACES.type}: the target has PostGIS; each place keeps its SRID`];
  return { ...column, type, confidence: 1, reasons };
}

function spatialColumn(index: CatalogueIndex, columns: readonly ColumnMapping[]): ColumnMapping | undefined {
  const [part, second] = index.parts;
  if (index.method.toLowerCase() !== 'spatial' || part === undefined || second !== undefined) return undefined;
  return columns.find(({ source, kind }) => source === part.column && kind === 'geometry');
}

/** Tables, keys and indexes of a schema share their names. */
function relationNames({ tables, views }: MigrationMapping): Set<string> {
  return new Set([
    ...tables.flatMap(({ target, primaryKey, uniqueKeys, indexes }) => [
      target.name,
      ...[...(primaryKey ? [primaryKey] : []), ...uniqueKeys, ...indexes].map(({ name }) => name),
    ]),
    ...views.map(({ target }) => target.name),
  ]);
}
