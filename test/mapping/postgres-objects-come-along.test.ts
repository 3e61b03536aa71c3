import { describe, expect, it } from 'vitest';
import { adoptPlan } from '../../activities/architect/adopt.js';
import { draftPlan } from '../../activities/architect/draft.js';
import type {
  Catalogue,
  CatalogueNeed,
  CatalogueObject,
  CatalogueRoutine,
  CatalogueTable,
} from '../../contracts/catalogue.js';
import type { MigrationMapping } from '../../contracts/mapping.js';
import { promotedSql } from '../../databases/postgres/native-objects.js';
import { catalogueOf, column, draft, table } from './catalogues.js';

const standing = { partitions: 0, inherits: false, exclusions: [] };
const people = table('public', 'people', { columns: [column('id', 'integer')], standing });

function from(objects: readonly CatalogueObject[], more: Partial<Catalogue> = {}, tables = [people]): Catalogue {
  return catalogueOf('postgres', tables, { objects, ...more });
}

function view(name: string, more: Partial<CatalogueObject> = {}): CatalogueObject {
  const reads = ['public.people'];
  return {
    kind: 'view',
    schema: 'public',
    name,
    definition: ' SELECT 1;',
    view: { columns: ['n'], options: [] },
    reads,
    ...more,
  };
}

function routine(
  name: string,
  facts: Partial<CatalogueRoutine> = {},
  more: Partial<CatalogueObject> = {},
): CatalogueObject {
  const known = { name, arguments: 0, language: 'sql', definer: false, hidden: false, names: [], schemas: [] };
  const words = { statements: [`CREATE FUNCTION ${name}()`] };
  return { kind: 'routine', schema: 'public', name: `${name}()`, routine: { ...known, ...facts }, words, ...more };
}

const needing = (name: string): CatalogueNeed => ({ what: `function ${name}()`, routine: `public.${name}()` });

function trigger(more: Partial<CatalogueObject> = {}): CatalogueObject {
  const of = { kind: 'relation', schema: 'public', name: 'people' } as const;
  const words = { of, statements: ['CREATE TRIGGER told'], promoted: 'ENABLE TRIGGER told' };
  return { kind: 'trigger', schema: 'public', name: 'people.told', words, needs: [needing('f')], ...more };
}

const left = (mapping: MigrationMapping): [string, string][] =>
  mapping.notMigrated.map(({ name, reason }) => [name, reason]);

describe('A view from PostgreSQL', () => {
  it('stands behind what it reads, and keeps its options', () => {
    const first = view('first', {
      reads: ['public.second', 'public.people'],
      view: { columns: ['n'], options: ['security_barrier=true'] },
    });
    const { mapping } = draft(from([first, view('second')]));
    expect(mapping.views.map(({ target }) => target.name)).toEqual(['second', 'first']);
    expect(mapping.views[1]).toMatchObject({ query: ' SELECT 1', options: ['security_barrier=true'] });
    expect(mapping.notMigrated).toEqual([]);
  });

  it('stays behind by name when something it needs does, and those above it too', () => {
    const kept = { materialized: { populated: false, query: 'SELECT 1' }, columns: ['n'], options: [] };
    const objects = [
      view('of_gone', { reads: ['public.gone'] }),
      view('above', { reads: ['public.of_gone'] }),
      view('by_c', { needs: [needing('c')] }),
      view('people_too', { schema: 'attic' }),
      view('people_too'),
      view('unfilled', { kind: 'materialized view', view: kept }),
      view('of_unfilled', { reads: ['public.unfilled'] }),
      routine('c', { language: 'c' }),
    ];
    const { mapping } = draft(from(objects));
    expect(mapping.views.map(({ source }) => source.name)).toEqual(['unfilled']);
    expect(left(mapping)).toMatchObject([
      ['public.of_gone', expect.stringContaining('it reads public.gone') as string],
      ['public.above', expect.stringContaining('it reads public.of_gone') as string],
      ['public.by_c', expect.stringContaining('which is not migrated: it is written in c') as string],
      ['attic.people_too', expect.stringContaining('something else has its name') as string],
      ['public.people_too', expect.stringContaining('something else has its name') as string],
      ['public.of_unfilled', expect.stringContaining('which is not filled') as string],
      ['public.c()', expect.stringContaining('it is written in c') as string],
    ]);
  });
});

describe('A routine from PostgreSQL', () => {
  it.each<[string, Partial<CatalogueRoutine>]>([
    ['it is written in plperlu', { language: 'plperlu' }],
    ['it runs with the rights of its owner', { definer: true }],
    ['it stands behind another one', { hidden: true }],
    ['its body names the schema attic', { schemas: ['public', 'attic'] }],
  ])('stays behind where %s', (reason, facts) => {
    const { mapping } = draft(from([routine('f', facts)]));
    expect(mapping.objects).toBeUndefined();
    expect(left(mapping)).toEqual([['public.f()', expect.stringContaining(reason)]]);
  });

  it('stays behind where a table that it names has another name in the target', () => {
    const attic = table('attic', 'people', { columns: [column('id', 'integer')], standing });
    const { mapping } = draft(from([routine('f', { names: ['people'] })], {}, [people, attic]));
    expect(left(mapping)).toEqual([['public.f()', expect.stringContaining('names people, which has another name')]]);
  });

  it('comes before tables when a column needs it, and then may name nothing of anybody', () => {
    const sized: CatalogueTable = table('public', 'people', {
      columns: [{ ...column('size', 'integer'), default: { kind: 'expression', text: 'f()', needs: [needing('f')] } }],
      standing,
    });
    const good = draft(from([routine('g'), routine('f')], {}, [sized]));
    expect(good.mapping.objects?.map(({ routine: made }) => [made?.name, made?.early])).toEqual([
      ['f', true],
      ['g', false],
    ]);
    const bad = draft(from([routine('f', { names: ['people'] })], {}, [sized]));
    expect(bad.refused).toEqual([
      {
        object: 'public.people.size',
        reason: expect.stringContaining('its body names people, which has no place yet') as string,
      },
    ]);
  });
});

describe('What belongs to a table', () => {
  const catalogue = from([trigger(), routine('f')]);

  it('comes behind the routine that it needs, or stays behind with it', () => {
    const { mapping } = draft(catalogue);
    expect(mapping.objects).toMatchObject([
      { kind: 'routine', name: 'public.f()' },
      { kind: 'trigger', name: 'public.people.told', relation: 'people', promoted: 'ENABLE TRIGGER told' },
    ]);
    const without = draft(from([trigger(), routine('f', { definer: true })])).mapping;
    expect(without.objects).toBeUndefined();
    expect(left(without).map(([name]) => name)).toEqual(['public.f()', 'public.people.told']);
  });

  it('stays behind where its table has another name, or an index that it names', () => {
    const of = { kind: 'relation', schema: 'public', name: 'gone' } as const;
    const objects = [trigger({ needs: [], words: { of, statements: ['x'] } })];
    expect(left(draft(from(objects)).mapping)).toEqual([
      ['public.people.told', expect.stringContaining('public.gone has no place of this name')],
    ]);
  });

  it('may be left out of a plan, which is then told, and may not be changed in it', () => {
    const plan = (edit: (mapping: MigrationMapping) => void): MigrationMapping => {
      const mapping = structuredClone(draft(catalogue).mapping);
      edit(mapping);
      return adoptPlan(draftPlan({ name: 'p', mapping }), catalogue).migration;
    };
    expect(plan(() => undefined).objects).toHaveLength(2);
    const without = plan((mapping) => mapping.objects?.pop());
    expect(left(without)).toEqual([['public.people.told', 'left out of the plan']]);
    expect(left(plan((mapping) => mapping.objects?.shift())).map(([name]) => name)).toContain('public.f()');
    for (const edit of [
      (mapping: MigrationMapping) => Object.assign(mapping.objects?.[0] ?? {}, { statements: ['DROP TABLE people'] }),
      (mapping: MigrationMapping) => Object.assign(mapping.objects?.[1] ?? {}, { promoted: 'OWNER TO somebody' }),
      (mapping: MigrationMapping) => Object.assign(mapping.objects?.[1] ?? {}, { relation: 'other' }),
    ])
      expect(() => plan(edit)).toThrow('PLAN_INVALID');
  });

  it('gets from promotion nothing but what makes triggers fire and row level security hold', () => {
    for (const action of ['OWNER TO x', 'ENABLE', 'DISABLE TRIGGER x', 'DROP COLUMN a'])
      expect(() => promotedSql(action), action).toThrow('PLAN_INVALID');
    expect(promotedSql('ENABLE ALWAYS TRIGGER "x"')).toBe('ENABLE ALWAYS TRIGGER "x"');
  });
});

describe('A partitioned table', () => {
  const part = { schema: 'public', name: 'old', parent: 'public.event', bound: 'DEFAULT', foreign: false, needs: [] };
  const event = (more: object = {}): CatalogueTable =>
    table('public', 'event', {
      columns: [column('at', 'date')],
      standing: {
        ...standing,
        partitions: 1,
        partitioning: { key: 'RANGE (at)', needs: [], parts: [{ ...part, ...more }] },
      },
    });

  it('keeps its parts', () => {
    const { mapping } = draft(from([], {}, [event()]));
    const parts = [{ source: { schema: 'public', name: 'old' }, name: 'old', of: 'event', bound: 'DEFAULT' }];
    expect(mapping.tables[0]?.partitions).toEqual({ key: 'RANGE (at)', parts });
    expect(mapping.notMigrated).toEqual([]);
  });

  it.each([
    ['a part is on another server', { foreign: true }],
    ['another has the name of a part', { name: 'people' }],
    ['its key needs what is not there', { needs: [{ what: 'operator class mine' }] }],
  ])('holds all rows itself, which is listed, where %s', (_, more) => {
    const { mapping } = draft(from([], {}, [event(more), people]));
    expect(mapping.tables[0]?.partitions).toBeUndefined();
    expect(left(mapping)).toEqual([['public.event', expect.stringContaining('the rows of its 1 partitions: ')]]);
  });
});
