import type {
  Catalogue,
  CatalogueColumn,
  CatalogueTable,
  SourceEngine,
  SourceType,
} from '../../contracts/catalogue.js';
import type { MigrationMapping, TableMapping } from '../../contracts/mapping.js';
import type { ColumnProfile, TableProfile } from '../../contracts/profile.js';
import type { DraftedMapping, DraftMappingInput } from '../../activities/architect/draft-mapping.js';
import { draftMapping } from '../../activities/architect/draft-mapping.js';

/** Catalogues as literals: what a driver would have read. */
export function typeOf(declared: string, more: Partial<SourceType> = {}): SourceType {
  const base =
    /^[a-z0-9_ ]*/
      .exec(declared.toLowerCase())?.[0]
      .replace(/ unsigned.*/, '')
      .trim() ?? '';
  return { base, declared, ...(declared.includes('unsigned') && { unsigned: true }), ...more };
}

export function column(name: string, declared: string, more: Partial<CatalogueColumn> = {}): CatalogueColumn {
  return { name, type: typeOf(declared), nullable: true, ...more };
}

export function table(schema: string, name: string, more: Partial<CatalogueTable>): CatalogueTable {
  const rest = {
    indexes: [],
    foreignKeys: [],
    checks: [],
    estimatedRows: 10,
    estimatedBytes: 1000,
    transactional: true,
  };
  return { schema, name, columns: [], ...rest, ...more };
}

export function catalogueOf(
  engine: SourceEngine,
  tables: readonly CatalogueTable[],
  more: Partial<Catalogue> = {},
): Catalogue {
  return { engine, serverVersion: '1', database: 'test', tables, objects: [], cannotSee: [], unreadable: [], ...more };
}

/** Profile of a whole table; `columns` by name, each field over "ten values, none odd". */
export function profileOf(
  of: CatalogueTable,
  columns: Readonly<Record<string, Partial<ColumnProfile>>> = {},
): TableProfile {
  const rows = 10;
  return {
    schema: of.schema,
    table: of.name,
    rows,
    exact: true,
    sample: 1,
    columns: of.columns.map(({ name }) => ({ column: name, rows, nulls: 0, distinct: rows, ...columns[name] })),
  };
}

export function draft(catalogue: Catalogue, more: Partial<DraftMappingInput> = {}): DraftedMapping {
  const profiles = catalogue.tables.map((each) => profileOf(each));
  return draftMapping({
    catalogue,
    profiles,
    answers: {},
    targetSchema: 'public',
    identifiers: 'lower',
    learned: [],
    ...more,
  });
}

export function tableIn(mapping: MigrationMapping, source: string): TableMapping {
  const found = mapping.tables.find((each) => each.source.name === source);
  if (!found) throw new Error(`no table ${source}`);
  return found;
}

/** Chinook in small: quoted names in mixed case, unnamed foreign keys, a junction table. */
export function chinook(): Catalogue {
  const id = (name: string): CatalogueColumn => column(name, 'INTEGER', { nullable: false, autoIncrement: true });
  const reference = (own: string, targetTable: string, targetColumns: string[]) => ({
    ...{ name: '', columns: [own], targetSchema: 'main', targetTable, targetColumns },
    ...{ onDelete: 'NO ACTION', onUpdate: 'NO ACTION' },
  });
  return catalogueOf(
    'sqlite',
    [
      table('main', 'Artist', {
        columns: [id('ArtistId'), column('Name', 'NVARCHAR(120)')],
        primaryKey: [{ column: 'ArtistId' }],
        rowid: true,
        nextIdentity: '276',
      }),
      table('main', 'Album', {
        columns: [
          id('AlbumId'),
          column('Title', 'NVARCHAR(160)', { nullable: false }),
          column('ArtistId', 'INTEGER', { nullable: false }),
        ],
        primaryKey: [{ column: 'AlbumId' }],
        indexes: [{ name: 'IFK_AlbumArtistId', unique: false, method: 'btree', parts: [{ column: 'ArtistId' }] }],
        foreignKeys: [reference('ArtistId', 'artist', [])],
        rowid: true,
      }),
      table('main', 'AlbumTag', {
        columns: [column('AlbumId', 'INTEGER', { nullable: false }), column('Tag', 'TEXT', { nullable: false })],
        primaryKey: [{ column: 'AlbumId' }, { column: 'Tag' }],
        foreignKeys: [reference('AlbumId', 'Album', ['AlbumId']), reference('Tag', 'NotHere', ['x'])],
        rowid: true,
      }),
    ],
    { objects: [{ kind: 'view', schema: 'main', name: 'v' }] },
  );
}

/** Sakila in small: unsigned keys, enum, set, year, fulltext, ON UPDATE, index names that repeat, MyISAM. */
export function sakila(): Catalogue {
  const now = { kind: 'expression', text: 'CURRENT_TIMESTAMP' } as const;
  const lastUpdate = column('last_update', 'timestamp', {
    nullable: false,
    default: now,
    onUpdate: 'CURRENT_TIMESTAMP',
  });
  const key = (name: string, own: string, targetTable: string) => ({
    ...{ name, columns: [own], targetSchema: 'sakila', targetTable, targetColumns: [own] },
    ...{ onDelete: 'RESTRICT', onUpdate: 'CASCADE' },
  });
  const index = (name: string, on: string, method = 'btree') => ({
    name,
    unique: false,
    method,
    parts: [{ column: on }],
  });
  return catalogueOf('mariadb', [
    table('sakila', 'language', {
      columns: [
        column('language_id', 'tinyint(3) unsigned', { nullable: false, autoIncrement: true }),
        column('name', 'char(20)', { nullable: false }),
      ],
      primaryKey: [{ column: 'language_id' }],
      nextIdentity: '7',
    }),
    table('sakila', 'film', {
      columns: [
        column('film_id', 'smallint(5) unsigned', { nullable: false, autoIncrement: true }),
        column('release_year', 'year(4)'),
        column('language_id', 'tinyint(3) unsigned', { nullable: false }),
        column('rental_rate', 'decimal(4,2)', { default: { kind: 'literal', value: '4.99' } }),
        {
          ...column('rating', 'enum'),
          type: typeOf('enum', { labels: ['G', 'PG-13'] }),
          default: { kind: 'literal', value: 'G' },
        },
        { ...column('special_features', 'set'), type: typeOf('set', { labels: ['Trailers', 'Deleted Scenes'] }) },
        lastUpdate,
      ],
      primaryKey: [{ column: 'film_id' }],
      indexes: [index('idx_fk_language_id', 'language_id')],
      foreignKeys: [key('fk_film_language', 'language_id', 'language')],
    }),
    table('sakila', 'film_text', {
      columns: [
        column('film_id', 'smallint(6)', { nullable: false }),
        column('language_id', 'tinyint(3) unsigned'),
        column('title', 'varchar(255)'),
      ],
      primaryKey: [{ column: 'film_id' }],
      indexes: [index('idx_title', 'title', 'fulltext'), index('idx_fk_language_id', 'language_id')],
      transactional: false,
    }),
  ]);
}
