import { describe, expect, it } from 'vitest';
import { adoptPlan } from '../../activities/architect/adopt.js';
import { Levels, leveled } from '../../activities/architect/collations/levels.js';
import { draftPlan } from '../../activities/architect/draft.js';
import { resolveMapping } from '../../activities/maba/mapping/given/resolve.js';
import { ignoresBlanks, strengthOf } from '../../activities/maba/mapping/collations/strength.js';
import type { CatalogueTable } from '../../contracts/catalogue.js';
import type { MigrationMapping } from '../../contracts/mapping.js';
import { parseMapping } from '../../language/mapping-file.js';
import { catalogueOf, column, draft, table, tableIn } from './catalogues.js';

const text = (name: string, collation: string) => column(name, 'varchar(20)', { collation, nullable: false });
const reference = (own: string, targetTable: string, target: string) => ({
  ...{ name: `${own}_of_${targetTable}`, columns: [own], targetSchema: 's', targetTable, targetColumns: [target] },
  ...{ onDelete: 'NO ACTION', onUpdate: 'NO ACTION' },
});

const PERSON = table('s', 'person', {
  columns: [
    text('code', 'utf8mb4_0900_ai_ci'),
    text('email', 'utf8mb4_general_ci'),
    text('token', 'utf8mb4_bin'),
    text('note', 'utf8mb4_0900_ai_ci'),
    {
      ...text('loud', 'utf8mb4_0900_ai_ci'),
      generated: { expression: "concat(upper(trim(`code`)), replace(`note`, 'a', 'b'))", stored: true },
    },
  ],
  primaryKey: [{ column: 'code' }],
  indexes: ['email', 'token'].map((name) => ({
    ...{ name, unique: true, method: 'btree', parts: [{ column: name }] },
  })),
  checks: [{ name: 'mail', expression: "`email` like '%@%'" }],
});
const VISIT = table('s', 'visit', {
  columns: [column('id', 'int', { nullable: false }), text('person', 'utf8mb4_0900_ai_ci')],
  primaryKey: [{ column: 'id' }],
  foreignKeys: [reference('person', 'person', 'code')],
});

function collationsOf(tables: readonly CatalogueTable[], yaml = '', engine: 'mysql' | 'sqlite' = 'mysql') {
  const catalogue = catalogueOf(engine, tables);
  const read = parseMapping(`caravan_mapping: 1\n${yaml}`);
  const { given, problems } = resolveMapping(read.file, catalogue);
  read.refuse(problems);
  const { mapping, misfits } = draft(catalogue, { given });
  read.refuse(misfits);
  const columns = mapping.tables.flatMap((each) =>
    each.columns.flatMap(({ source, collation }) =>
      collation === undefined ? [] : [`${each.source.name}.${source}: ${collation}`],
    ),
  );
  return { mapping, columns, catalogue };
}

describe('Texts of keys', () => {
  it.each([
    ['utf8mb4_general_ci', 'ci_ai', true],
    ['latin1_swedish_ci', 'ci_ai', true],
    ['utf8mb4_unicode_520_ci', 'ci_ai', true],
    ['utf8mb4_0900_ai_ci', 'ci_ai', false],
    ['utf8mb4_0900_as_ci', 'ci_as', false],
    ['utf8mb4_uca1400_as_ci', 'ci_as', true],
    ['utf8mb4_uca1400_nopad_ai_ci', 'ci_ai', false],
    ['utf8mb4_general_nopad_ci', 'ci_ai', false],
    ['utf8mb4_0900_as_cs', 'plain', false],
    ['utf8mb4_bin', 'plain', true],
    ['latin1_general_cs', 'plain', true],
    ['NOCASE', 'ci_as', false],
    ['RTRIM', 'plain', true],
    ['BINARY', 'plain', false],
  ])('of %s are compared as %s', (collation, strength, blanks) => {
    expect([strengthOf(collation), ignoresBlanks(collation)]).toEqual([strength, blanks]);
  });

  // [edge 64]
  it('keep the strength of their collation, foreign keys alike on both ends, and what differs is listed', () => {
    const { mapping, columns } = collationsOf([PERSON, VISIT]);
    expect(columns).toEqual(['person.code: ci_ai', 'person.email: ci_ai', 'visit.person: ci_ai']);
    expect(mapping.notMigrated).toEqual([
      {
        kind: 'collation',
        name: 's.person.email',
        reason: 'unique key email: utf8mb4_general_ci ignores trailing blanks; here they count',
      },
    ]);
    expect(mapping.notes).toEqual([expect.stringMatching(/^Texts outside of keys .* 2 columns .*utf8mb4_0900_ai_ci/)]);
    // ICU would make STRASSE of straße.
    expect(tableIn(mapping, 'person').columns.at(-1)?.generated).toBe(
      `upper(btrim("code")::text COLLATE "default") || replace("note", 'a', 'b')`,
    );
    expect(tableIn(mapping, 'person').checks).toEqual([
      { name: 'mail', expression: `"email"::text COLLATE "default" ILIKE '%@%'` },
    ]);
  });

  it('of SQLite without regard to case keep it, and a key of its own collation is listed', () => {
    const word = table('main', 'word', {
      columns: [text('w', 'NOCASE'), column('x', 'TEXT')],
      primaryKey: [{ column: 'w' }],
      indexes: [
        { name: 'by_x', unique: true, method: 'btree', parts: [{ column: 'x', expression: '"x" COLLATE NOCASE' }] },
      ],
    });
    const { mapping, columns } = collationsOf([word], '', 'sqlite');
    expect(columns).toEqual(['word.w: ci_as']);
    expect(mapping.notMigrated.map(({ kind, name, reason }) => [kind, name, reason])).toEqual([
      ['collation', 'main.word.w', expect.stringContaining('A to Z')],
      ['collation', 'main.word.x', 'unique key by_x: NOCASE ignores case; here they count'],
    ]);
  });

  it('are compared as a mapping file says, together with what they join', () => {
    const yaml = 'collate: { person.code: plain, person.note: ci_as, visit.person: plain }';
    const { mapping, columns } = collationsOf([PERSON, VISIT], yaml);
    expect(columns).toEqual(['person.email: ci_ai', 'person.note: ci_as']);
    expect(mapping.notMigrated.map(({ name }) => name)).toEqual(['s.person.code', 's.person.email', 's.person.note']);
    expect(mapping.notes).toEqual([expect.stringContaining('2 columns')]);
    for (const wrong of ['visit.id: ci_as', 'visit.person: plain, person.code: ci_as', 'person.note: loud'])
      expect(() => collationsOf([PERSON, VISIT], `collate: { ${wrong} }`)).toThrow(/MAPPING_INVALID/);
  });

  it('are compared as an edited plan says, and both ends of a foreign key alike', () => {
    const { mapping, catalogue } = collationsOf([PERSON, VISIT]);
    const taken = (change: (edited: MigrationMapping) => void): MigrationMapping => {
      const edited = structuredClone(mapping);
      change(edited);
      return adoptPlan(draftPlan({ name: 'p', mapping: edited }), catalogue).migration;
    };
    const set = (edited: MigrationMapping, of: string, name: string, collation?: string): void => {
      const found = tableIn(edited, of).columns.find(({ source }) => source === name);
      delete found?.collation;
      if (collation !== undefined) Object.assign(found ?? {}, { collation });
    };
    expect(taken(() => undefined)).toEqual(mapping);
    const plain = taken((edited) => {
      set(edited, 'person', 'email');
    });
    expect(plain.notMigrated).toEqual([
      {
        ...{ kind: 'collation', name: 's.person.email' },
        reason: 'unique key email: utf8mb4_general_ci ignores case, accents and trailing blanks; here they count',
      },
    ]);
    expect(() =>
      taken((edited) => {
        set(edited, 'person', 'code', 'ci_as');
      }),
    ).toThrow(/compared in different ways/);
    expect(() =>
      taken((edited) => {
        set(edited, 'person', 'note', 'de_DE');
      }),
    ).toThrow(/its collation is one of/);
  });

  it('tell more apart, all that is joined together, where their values would be equal', () => {
    const { mapping } = collationsOf([PERSON, VISIT]);
    const levels = new Levels(mapping);
    const [person, visit] = [tableIn(mapping, 'person'), tableIn(mapping, 'visit')];
    expect(levels.ofKey(person, ['code', 'token'])).toEqual(['ci_ai', 'exact']);
    expect(levels.ofKey(person, ['token'])).toBeUndefined();
    levels.tighten(person, ['code'], 'why');
    expect([levels.of(person, 'code'), levels.of(visit, 'person'), levels.of(person, 'email')]).toEqual([
      ...['ci_as', 'ci_as', 'ci_ai'],
    ]);
    levels.replace('citext', 'an old server');
    levels.tighten(person, ['code'], 'why');
    expect([levels.of(visit, 'person'), levels.of(person, 'email')]).toEqual(['plain', 'citext']);
    const email = person.columns.find(({ source }) => source === 'email') ?? expect.unreachable();
    const { collation, ...plain } = email;
    expect(collation).toBe('ci_ai');
    expect(leveled(email, 'citext', 'why')).toEqual({ ...plain, type: 'citext', reasons: [...email.reasons, 'why'] });
  });
});
