import { describe, expect, it } from 'vitest';
import type { CatalogueTable, SourceType } from '../../contracts/catalogue.js';
import type { MigrationMapping, TableMapping } from '../../contracts/mapping.js';
import type { StandingColumn, StandingTable } from '../../databases/standing.js';
import { adoptPlan } from '../../activities/architect/adopt.js';
import { draftPlan } from '../../activities/architect/draft.js';
import { resolveMapping } from '../../activities/maba/mapping/given/resolve.js';
import { draftStanding } from '../../activities/maba/mapping/standing/draft.js';
import { passedInto } from '../../activities/maba/mapping/standing/passed.js';
import { catalogueOf, column, profileOf, table } from './catalogues.js';

const MOOD = { schema: 'public', name: 'mood', labels: ['sad', 'glad'], needs: [] };
const AMOUNT = {
  schema: 'public',
  name: 'amount',
  needs: [],
  domain: { type: { base: 'numeric', declared: 'numeric(9,2)' }, notNull: false, checks: [] },
};
const TYPES = [MOOD, AMOUNT];

function made(name: string, more: { array?: boolean; refused?: string } = {}): SourceType {
  const { array = false } = more;
  return { base: name, declared: `public.${name}`, named: { schema: 'public', name, modifier: '', ...more, array } };
}

function own(declared: string, more: Partial<StandingColumn> = {}): StandingColumn {
  return { name: 'c', type: declared, declared, nullable: true, ...more };
}

/** "ok", its doubts, or the problem. */
function into(source: string | SourceType, target: StandingColumn | string, longest?: number): string {
  const type = typeof source === 'string' ? { base: source, declared: source } : source;
  const standing = typeof target === 'string' ? own(target) : target;
  const passed = passedInto({ ...column('c', ''), type }, standing, { types: TYPES, longest });
  if ('problem' in passed) return passed.problem;
  expect(passed.type).toBe(standing.declared);
  return passed.doubts.length === 0 ? 'ok' : passed.doubts.join('; ');
}

describe('values from PostgreSQL into a column that stands', () => {
  it.each([
    ['jsonb', 'jsonb'],
    ['integer[]', 'integer[]'],
    ['character(4)', 'character(4)'],
    ['smallint', 'bigint'],
    ['bigint', 'numeric'],
    ['integer', 'numeric(12,0)'],
    ['numeric(9,2)', 'numeric'],
    ['numeric(9,2)', 'numeric(11,2)'],
    ['character varying(10)', 'text'],
    ['character varying(10)', 'character varying(20)'],
    ['text', '"citext"'],
    ['timestamp(3) without time zone', 'timestamp without time zone'],
    ['time(0) with time zone', 'time(3) with time zone'],
    ['bit varying(3)', 'bit varying(5)'],
  ])('%s fits %s', (source, target) => {
    expect(into(source, target)).toBe('ok');
  });

  it.each([
    ['bigint', 'integer'],
    ['integer', 'numeric(12,2)'],
    ['integer', 'text'],
    ['numeric', 'numeric(9,2)'],
    ['numeric(9,4)', 'numeric(9,2)'],
    ['numeric(9,2)', 'numeric(12,4)'],
    ['numeric(9,0)', 'bigint'],
    ['real', 'double precision'],
    ['text', 'character(4)'],
    ['character(4)', 'text'],
    ['timestamp without time zone', 'timestamp(3) without time zone'],
    ['timestamp without time zone', 'timestamp with time zone'],
    ['date', 'timestamp without time zone'],
    ['json', 'jsonb'],
    ['bit varying', 'bit varying(5)'],
    ['text', 'uuid'],
    ['integer[]', 'bigint[]'],
  ])('%s has no way to %s, which would change or round it', (source, target) => {
    expect(into(source, target)).toBe(`values of the type ${source} have no proven way to ${target}`);
  });

  it('tells which rows the target may refuse', () => {
    expect(into('text', 'character varying(5)')).toBe('5 characters fit');
    expect(into('character varying(9)', 'character varying(5)', 7)).toBe(
      'texts of 7 characters seen, 5 characters fit',
    );
    expect(into('numeric(12,2)', 'numeric(9,2)')).toBe('declared numeric(12,2), which is wider than numeric(9,2)');
    expect(into('bigint', 'numeric(9,0)')).toBe('numbers of 9 digits fit');
  });

  it('knows types that somebody made by their names, and what they are made of', () => {
    const mood = own('"mood"', { type: 'mood', labels: ['glad', 'sad', 'mad'] });
    expect(into(made('mood'), mood)).toBe('ok');
    expect(into(made('mood'), { ...mood, labels: ['glad'] })).toBe('the target\'s type has no label "sad"');
    expect(into('text', mood)).toBe('a text that is no label of the type does not fit');
    expect(into('integer', mood)).toBe('values of the type integer have no proven way to mood');
    expect(into(made('mood'), 'text')).toBe('ok');
    expect(into(made('mood', { array: true }), '"mood"[]')).toBe('ok');
    expect(into(made('amount'), 'numeric(9,2)')).toBe('ok');
    expect(into(made('amount'), own('"price"', { domainOf: 'numeric' }))).toContain('a domain of the target');
    expect(into(made('amount'), own('"price"', { domainOf: 'integer' }))).toContain('no proven way');
    expect(into(made('regclass', { refused: 'they mean something in one server only' }), 'regclass')).toBe(
      'they mean something in one server only',
    );
  });
});

const PEOPLE = table('crm', 'people', {
  columns: [
    column('id', 'integer', { nullable: false }),
    column('name', 'text'),
    column('double', 'integer', { generated: { expression: 'id * 2', stored: true } }),
  ],
  primaryKey: [{ column: 'id' }],
  comment: 'all',
});
const APP: StandingTable = {
  name: 'person',
  columns: [
    own('bigint', { name: 'id', nullable: false, fills: 'sequence' }),
    own('character varying(5)', { name: 'called', type: 'varchar(5)', nullable: false }),
    own('integer', { name: 'double' }),
    own('text', { name: 'more' }),
  ],
  keys: [{ columns: ['id'], unique: true }],
  foreignKeys: [],
};
const RENAMED = { rename: { tables: { people: 'person' }, columns: { 'people.name': 'called' } } };

function drafted(
  source: CatalogueTable,
  file: Omit<Parameters<typeof resolveMapping>[0], 'caravan_mapping'> = RENAMED,
) {
  const sequence = { ...{ start: '1', increment: '1', min: '1', max: '9', cache: '1', cycle: false }, type: 'integer' };
  const catalogue = catalogueOf('postgres', [source], {
    types: TYPES,
    sequences: [
      { ...sequence, schema: 'crm', name: 's', next: '42', ownedBy: { schema: 'crm', table: 'people', column: 'id' } },
      { ...sequence, schema: 'crm', name: 'free', next: '7' },
    ],
    objects: [{ kind: 'policy', schema: 'crm', name: 'people.own' }],
  });
  const { given } = resolveMapping({ caravan_mapping: 1, ...file }, catalogue);
  const parts = { answers: {}, targetSchema: 'app', identifiers: 'lower', learned: [], given } as const;
  const draft = draftStanding({ ...parts, catalogue, profiles: [profileOf(source)] }, [APP]);
  return { catalogue, draft };
}

function planned(): {
  readonly mapping: MigrationMapping;
  readonly adopt: (edit: (table: TableMapping) => void) => void;
} {
  const { catalogue, draft } = drafted(PEOPLE);
  if ('misfits' in draft) throw new Error(draft.misfits.join('; '));
  const { mapping } = draft.drafted;
  const adopt = (edit: (table: TableMapping) => void): void => {
    const document = structuredClone(draftPlan({ name: 'p', mapping }));
    for (const each of document.migration.tables) edit(each);
    adoptPlan(document, catalogue);
  };
  return { mapping, adopt };
}

describe('plans that pass rows from PostgreSQL into tables that stand', () => {
  it('name the tables, columns and types of the target, and make nothing', () => {
    const { mapping } = planned();
    expect(mapping).toMatchObject({ mode: 'data-only', types: [], views: [], sourceEngine: 'postgres' });
    expect([mapping.sequences, mapping.objects, mapping.extensions]).toEqual([undefined, undefined, undefined]);
    const [people] = mapping.tables;
    expect(people).toMatchObject({
      target: { schema: 'app', name: 'person' },
      rowKey: ['id'],
      chunkKey: { source: 'id', target: 'id', kind: 'integer' },
      leftToTarget: [{ column: 'more', by: 'null' }],
    });
    // The bytes of an integer are none of a bigint.
    expect(people?.copyForm).toBeUndefined();
    expect(
      people?.columns.map((each) => [each.source, each.target, each.type, each.identity?.next, each.generated]),
    ).toEqual([
      ['id', 'id', 'bigint', '42', undefined],
      ['name', 'called', 'character varying(5)', undefined, undefined],
      ['double', 'double', 'integer', undefined, undefined],
    ]);
    expect(people?.columns[1]?.reasons).toEqual([
      'declared text',
      '5 characters fit; a row that does not fit is quarantined',
      'NOT NULL in the target: a row with NULL is quarantined',
    ]);
    expect(mapping.notMigrated.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'comment crm.people',
      'generated column crm.people.double',
      'policy crm.people.own',
      'sequence crm.free',
    ]);
  });

  it('are refused where a table inherits, or the mapping file wants other values', () => {
    const heir = { ...PEOPLE, standing: { inherits: true } as NonNullable<CatalogueTable['standing']> };
    expect(drafted(heir).draft).toMatchObject({ misfits: [expect.stringContaining('it inherits from other tables')] });
    const { draft } = drafted(PEOPLE, { ...RENAMED, transforms: { 'people.name': [{ op: 'trim' }] } });
    expect('drafted' in draft && draft.drafted.misfits.map(({ path }) => path)).toEqual([['transforms']]);
  });

  it('are taken back with less in them, and not with other ways', () => {
    const { adopt } = planned();
    adopt((each) => void each.columns.pop());
    const refusals: readonly (readonly [string, (table: TableMapping) => void])[] = [
      ['no proven way to date', (each) => Object.assign(each.columns[1] ?? {}, { type: 'date' })],
      ['passed as they are', (each) => Object.assign(each.columns[1] ?? {}, { kind: 'text' })],
      ['passed as they are', (each) => Object.assign(each.columns[1] ?? {}, { transform: [{ op: 'trim' }] })],
      ['the bytes of a value', (each) => Object.assign(each, { copyForm: 'binary' })],
      ['its row key is not that of the source', (each) => Object.assign(each, { rowKey: ['name'] })],
      ['its chunk key is not that', (each) => Object.assign(each, { chunkKey: { source: 'double', kind: 'integer' } })],
      ['rows from PostgreSQL are not filtered', (each) => Object.assign(each, { filter: { where: 'id > 1' } })],
      ['one name in the target', (each) => Object.assign(each.columns[1] ?? {}, { target: 'id' })],
      ['keys, indexes, checks', (each) => Object.assign(each, { uniqueKeys: [{ name: 'k', columns: ['id'] }] })],
    ];
    for (const [problem, edit] of refusals) expect(() => adopt(edit), problem).toThrow(problem);
  });
});
