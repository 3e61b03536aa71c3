import { describe, expect, it } from 'vitest';
import type { CatalogueColumn, CatalogueTable } from '../../contracts/catalogue.js';
import { raiseQuestions } from '../../activities/architect/questions.js';
import { assessRisk } from '../../activities/architect/risk.js';
import { inferMeanings } from '../../activities/maba/inference.js';
import { mappingSignature, throughputShape } from '../../activities/maba/mapping/signatures.js';
import { catalogueOf, chinook, column, draft, profileOf, sakila, table, tableIn, typeOf } from './catalogues.js';

describe('Chinook', () => {
  const { mapping, refused } = draft(chinook());

  it('maps every table, with identity, keys and named foreign keys', () => {
    expect(refused).toEqual([]);
    expect(mapping.tables.map((each) => each.target.name)).toEqual(['artist', 'album', 'albumtag']);
    const artist = tableIn(mapping, 'Artist');
    expect(artist.columns[0]).toMatchObject({
      target: 'artistid',
      type: 'bigint',
      identity: { next: '276' },
      nullable: false,
    });
    expect(artist).toMatchObject({ primaryKey: { name: 'artist_pkey', columns: ['artistid'] }, rowKey: ['ArtistId'] });
    expect(artist.chunkKey).toEqual({ source: 'ArtistId', target: 'artistid', kind: 'integer' });
    expect(tableIn(mapping, 'Album').foreignKeys).toEqual([
      {
        name: 'album_artistid_fkey',
        columns: ['artistid'],
        targetTable: { schema: 'public', name: 'artist' },
        targetColumns: ['artistid'],
        onDelete: 'NO ACTION',
        onUpdate: 'NO ACTION',
      },
    ]);
  });

  // [edge 55]
  it('names what stays behind', () => {
    expect(mapping.notMigrated.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'foreign key main.AlbumTag.(Tag)',
      'view main.v',
    ]);
  });
});

describe('Sakila', () => {
  const { mapping, refused, findings } = draft(sakila());

  // [edge 63]
  it('maps types, enum, defaults and repeated index names', () => {
    expect(refused).toEqual([]);
    expect(mapping.types).toEqual([{ name: 'film_rating', labels: ['G', 'PG-13'] }]);
    const film = tableIn(mapping, 'film');
    expect(film.columns.map(({ type, default: given }) => `${type} ${given ?? '-'}`)).toEqual([
      'integer -',
      'smallint -',
      'smallint -',
      'numeric(4,2) 4.99',
      `film_rating 'G'`,
      'text[] -',
      'timestamptz(0) CURRENT_TIMESTAMP',
    ]);
    expect(film.indexes[0]?.name).toBe('film_idx_fk_language_id');
    expect(film.foreignKeys[0]).toMatchObject({ onDelete: 'RESTRICT', onUpdate: 'CASCADE' });
  });

  it('says what has no counterpart, and what stands outside the snapshot', () => {
    expect(mapping.notMigrated).toEqual([]);
    expect(tableIn(mapping, 'film').onUpdate).toEqual({ name: 'film_on_update', columns: ['last_update'] });
    const [fulltext] = tableIn(mapping, 'film_text').indexes;
    expect(fulltext).toMatchObject({ name: 'idx_title', method: 'gin' });
    expect(fulltext?.columns).toEqual([
      { expression: `to_tsvector('simple', coalesce("title", ''))`, descending: false },
    ]);
    expect(findings.map(({ id }) => id)).toEqual(['outside_snapshot:sakila.film_text']);
    const { risk, reasons } = assessRisk(mapping, []);
    expect(risk).toBeGreaterThan(0);
    expect(risk).toBeLessThan(1);
    expect(reasons.join()).toContain('sakila.film_text');
  });
});

function one(columns: CatalogueColumn[], more: Partial<CatalogueTable> = {}, engine: 'mysql' | 'sqlite' = 'mysql') {
  return catalogueOf(engine, [table('s', 't', { columns, ...more })]);
}

describe('what a table cannot keep', () => {
  it('relaxes NOT NULL only where odd values were counted, and says so', () => {
    const catalogue = one([column('zd', 'date', { nullable: false }), column('ok', 'date', { nullable: false })]);
    const profiles = catalogue.tables.map((each) => profileOf(each, { zd: { odd: { zero_date: 3 } } }));
    const { mapping, findings } = draft(catalogue, { profiles });
    expect(mapping.tables[0]?.columns).toMatchObject([
      { sourceNullable: false, nullable: true, onInvalid: 'null' },
      { sourceNullable: false, nullable: false, onInvalid: 'quarantine' },
    ]);
    expect(findings).toMatchObject([{ code: 'not_null_relaxed', object: 's.t.zd', count: 3 }]);
  });

  // [edge 10]
  it('never relaxes a primary key', () => {
    const catalogue = one([column('zd', 'date', { nullable: false })], { primaryKey: [{ column: 'zd' }] });
    const profiles = catalogue.tables.map((each) => profileOf(each, { zd: { odd: { zero_date: 3 } } }));
    const [mapped] = draft(catalogue, { profiles }).mapping.tables;
    expect(mapped?.columns[0]).toMatchObject({ nullable: false, onInvalid: 'quarantine' });
    expect(mapped?.chunkKey).toBeUndefined();
    expect(mapped?.rowKey).toEqual(['zd']);
  });

  it.each([
    [{ unique: true, parts: [{ column: 'c', prefix: 3 }] }, 'kept'],
    [{ unique: true, parts: [{ column: '', expression: 'lower(c)' }] }, 'kept'],
    [{ unique: true, parts: [{ column: '', expression: 'soundex(c)' }] }, 'refused'],
    [{ unique: false, parts: [{ column: '', expression: 'soundex(c)' }] }, 'left'],
    [{ unique: true, parts: [{ column: 'c' }], where: 'c > 1' }, 'refused'],
    [{ unique: false, parts: [{ column: 'c', prefix: 3 }] }, 'kept'],
    [{ unique: false, parts: [{ column: 'c' }], where: "c > 'a'" }, 'kept'],
    [{ unique: false, parts: [{ column: 'c' }], where: 'c > 1' }, 'left'],
    [{ unique: false, parts: [{ column: 'c' }], method: 'spatial' }, 'left'],
    [{ unique: false, parts: [{ column: 'c' }], method: 'rtree' }, 'left'],
    [{ unique: false, parts: [{ column: 'c' }], method: 'fulltext' }, 'kept'],
    [{ unique: false, parts: [{ column: 'c', descending: true }] }, 'kept'],
  ])('an index %o is %s', (index, fate) => {
    const catalogue = one([column('c', 'varchar(10)')], { indexes: [{ name: 'ix', method: 'btree', ...index }] });
    const { mapping, refused } = draft(catalogue);
    expect(refused.length > 0).toBe(fate === 'refused');
    expect(mapping.notMigrated.length > 0).toBe(fate === 'left');
    expect(mapping.tables[0]?.indexes.length).toBe(fate === 'kept' ? 1 : 0);
  });

  it('indexes whole values in place of a prefix where they surely fit, else the prefix itself, and says which', () => {
    const indexes = [
      { name: 'short', unique: false, method: 'btree', parts: [{ column: 'c', prefix: 3 }] },
      { name: 'long', unique: false, method: 'btree', parts: [{ column: 'd', prefix: 9, descending: true }] },
      { name: 'whole', unique: true, method: 'btree', parts: [{ column: 'c', prefix: 3 }] },
      { name: 'bytes', unique: false, method: 'btree', parts: [{ column: 'b', prefix: 3 }] },
    ];
    const columns = [column('c', 'varchar(10)'), column('d', 'text'), column('b', 'blob')];
    const { mapping } = draft(one(columns, { indexes }));
    expect(mapping.tables[0]?.indexes).toMatchObject([
      { name: 'short', columns: [{ column: 'c' }], reason: expect.stringContaining('whole values') as string },
      { name: 'long', columns: [{ expression: 'left("d", 9)', descending: true }] },
      { name: 'whole', columns: [{ expression: 'left("c", 3)' }], unique: true },
    ]);
    expect(mapping.notMigrated).toMatchObject([{ kind: 'index', name: 's.t.bytes' }]);
  });

  it('lists partitions and the history of a versioned table, whose rows arrive in a plain table', () => {
    const { mapping } = draft(one([column('c', 'int')], { partitioning: 'HASH(`c`), 4 partitions', versioned: true }));
    expect(mapping.notMigrated.map(({ kind }) => kind)).toEqual(['partitioning', 'history']);
  });

  it('keeps an unsigned identity and what references it as bigint, so that they still join', () => {
    const id = column('id', 'bigint(20) unsigned', { nullable: false, autoIncrement: true });
    const users = table('s', 'users', { columns: [id], primaryKey: [{ column: 'id' }] });
    const posts = table('s', 'posts', {
      columns: [column('user_id', 'bigint(20) unsigned'), column('big', 'bigint(20) unsigned')],
      foreignKeys: [
        ...[{ name: 'f', columns: ['user_id'], targetSchema: 's', targetTable: 'users', targetColumns: ['id'] }],
      ].map((key) => ({ ...key, onDelete: 'CASCADE', onUpdate: 'NO ACTION' })),
    });
    const { mapping, refused } = draft(catalogueOf('mysql', [users, posts]));
    expect(refused).toEqual([]);
    expect(mapping.tables.flatMap((each) => each.columns.map(({ type }) => type))).toEqual([
      'bigint',
      'bigint',
      'numeric(20,0)',
    ]);
  });

  it('asks about NULL in a primary key of SQLite, and loses no row by default', () => {
    const catalogue = one([column('code', 'TEXT')], { primaryKey: [{ column: 'code' }], rowid: true }, 'sqlite');
    const profiles = catalogue.tables.map((each) => profileOf(each, { code: { nulls: 2, storage: { text: 8 } } }));
    expect(raiseQuestions(catalogue, profiles, 'd')).toMatchObject([{ id: 'key:s.t', default: 'unique' }]);
    const byDefault = draft(catalogue, { profiles });
    expect(byDefault.mapping.tables[0]).toMatchObject({
      uniqueKeys: [{ columns: ['code'] }],
      rowKey: ['rowid'],
      chunkKey: { source: 'rowid' },
    });
    expect(byDefault.mapping.tables[0]?.primaryKey).toBeUndefined();
    const quarantined = draft(catalogue, { profiles, answers: { 'key:s.t': 'quarantine' } }).mapping.tables[0];
    expect(quarantined?.primaryKey?.columns).toEqual(['code']);
    expect(draft(catalogue, { profiles, answers: { 'key:s.t': 'fail' } }).refused).toHaveLength(1);
  });

  it('generates what has a translation; one column in the place of another that it reads', () => {
    const made = (name: string, declared: string, expression: string): CatalogueColumn =>
      column(name, declared, { generated: { expression, stored: true } });
    const columns = [
      ...[column('a', 'int'), column('d', 'datetime'), column('t', 'varchar(9)')],
      { ...column('e', 'enum'), type: typeOf('enum', { labels: ['x'] }) },
      made('half', 'decimal(9,2)', '`a` / `a`'),
      made('more', 'decimal(9,2)', '`half` + 1'),
      made('text', 'varchar(30)', "concat(`t`,_utf8mb4'-',`a`)"),
      made('year_', 'int', 'year(`d`)'),
      made('label', 'varchar(9)', 'concat(`e`)'),
      made('clock', 'datetime', 'now()'),
      made('kind', 'varchar(9)', '`a`'),
    ];
    const { mapping, refused } = draft(one(columns));
    expect(refused).toEqual([]);
    expect(
      mapping.tables[0]?.columns.flatMap(({ target, generated }) => (generated ? [[target, generated]] : [])),
    ).toEqual([
      ['half', '"a"::numeric / nullif("a", 0)'],
      ['more', '("a"::numeric / nullif("a", 0))::numeric(9,2) + 1'],
      ['text', `"t" || '-' || "a"::text`],
      ['year_', `date_part('year', "d")::integer`],
    ]);
    expect(mapping.notMigrated.map(({ kind, name }) => `${kind} ${name}`)).toEqual(
      ['label', 'clock', 'kind'].map((name) => `generated column s.t.${name}`),
    );
  });

  it('copies a generated column by its values where its expression has no translation, and lists it', () => {
    const { mapping } = draft(one([column('g', 'int', { generated: { expression: 'a*2', stored: true } })]));
    expect(mapping.tables[0]?.columns[0]?.generated).toBeUndefined();
    expect(mapping.notMigrated).toMatchObject([{ kind: 'generated column', name: 's.t.g' }]);
  });
});

describe('what earlier migrations taught', () => {
  it('raises confidence with its count, and sizes chunks', () => {
    const catalogue = one([column('c', 'tinyint(1)'), column('d', 'int')]);
    const profiles = catalogue.tables.map((each) => profileOf(each, { c: { min: '0', max: '1', distinct: 2 } }));
    const plain = draft(catalogue, { profiles }).mapping.tables[0];
    const shape = throughputShape('mysql', 2, 16);
    const learned = [
      {
        kind: 'mapping',
        signature: mappingSignature('mysql', { declared: 'tinyint(1)', meaning: 'flag', target: 'boolean' }),
        numbers: { held: 4 },
      },
      { kind: 'throughput', signature: shape, numbers: { rows: 1000, seconds: 1 } },
    ] as const;
    const taught = draft(catalogue, { profiles, learned }).mapping.tables[0];
    expect(taught?.columns[0]?.reasons).toContain('held in 4 earlier migrations');
    expect(taught?.columns[0]?.confidence).toBeGreaterThan(plain?.columns[0]?.confidence ?? 1);
    expect(taught?.chunkRows).toBe(2000);
    expect(plain?.chunkRows).toBe(250_000);
  });
});

describe('what a column means', () => {
  it('is told by name, type and fingerprint, with reasons', () => {
    const users = table('s', 'users', { columns: [column('id', 'int')], primaryKey: [{ column: 'id' }] });
    const orders = table('s', 'orders', {
      columns: [
        column('user_id', 'int'),
        column('contact', 'varchar(99)'),
        column('total', 'decimal(9,2)'),
        column('zzz', 'inet6'),
      ],
    });
    const profile = profileOf(orders, { contact: { shapes: { email: 0.97 } } });
    const meanings = inferMeanings(orders, profile, catalogueOf('mysql', [users, orders]));
    expect(meanings.map(({ meaning }) => meaning)).toEqual([
      'foreign key without constraint',
      'email',
      'money',
      'unknown',
    ]);
    expect(meanings[0]?.reasons).toEqual(['named like the key of s.users (id), and of its type']);
    for (const { confidence } of meanings) expect(confidence).toBeGreaterThanOrEqual(0);
  });
});
