import { describe, expect, it } from 'vitest';
import { adoptPlan } from '../../activities/architect/adopt.js';
import { draftPlan } from '../../activities/architect/draft.js';
import type { MigrationMapping } from '../../contracts/mapping.js';
import { catalogueOf, column, draft, table, tableIn } from './catalogues.js';

const catalogue = catalogueOf('mysql', [
  table('s', 't', {
    columns: [
      column('id', 'int', { nullable: false }),
      column('title', 'text'),
      column('at', 'timestamp', { onUpdate: 'CURRENT_TIMESTAMP' }),
      column('twice', 'int', { generated: { expression: '`id` * 2', stored: false } }),
    ],
    primaryKey: [{ column: 'id' }],
    indexes: [
      { name: 'words', unique: false, method: 'fulltext', parts: [{ column: 'title' }] },
      { name: 'start', unique: true, method: 'btree', parts: [{ column: 'title', prefix: 9 }], where: '`id` > 1' },
    ],
  }),
]);

function taken(change: (mapping: MigrationMapping) => void): MigrationMapping {
  const { mapping } = draft(catalogue);
  const edited = structuredClone(mapping);
  change(edited);
  return adoptPlan(draftPlan({ name: 'p', mapping: edited }), catalogue).migration;
}

describe('a plan with generated columns, triggers and indexes over expressions', () => {
  it('is taken back as it was given', () => {
    const { mapping } = draft(catalogue);
    expect(tableIn(mapping, 't')).toMatchObject({
      onUpdate: { columns: ['at'] },
      indexes: [{ method: 'gin' }, { unique: true }],
    });
    expect(taken(() => undefined)).toEqual(mapping);
  });

  it.each<[string, (table: MigrationMapping['tables'][number]) => void]>([
    ['a function outside the language', (each) => Object.assign(each.columns[3] ?? {}, { generated: 'pg_sleep(9)' })],
    [
      'a column that the source does not generate',
      (each) => Object.assign(each.columns[1] ?? {}, { generated: "'x'" }),
    ],
    ['one that reads another', (each) => Object.assign(each.columns[3] ?? {}, { generated: '"twice" + 1' })],
    [
      'an index over what is no expression',
      (each) => Object.assign(each.indexes[1]?.columns[0] ?? {}, { expression: 'id); DROP TABLE x; --' }),
    ],
    ['a predicate on what is not there', (each) => Object.assign(each.indexes[1] ?? {}, { where: 'nothing > 1' })],
    ['a clock for a column that holds no time', (each) => each.onUpdate?.columns.push('title')],
    ['a trigger without a name', (each) => Object.assign(each.onUpdate ?? {}, { name: '' })],
  ])('is refused with %s', (_, change) => {
    const edit = (mapping: MigrationMapping): void => {
      change(tableIn(mapping, 't'));
    };
    expect(() => taken(edit)).toThrow(/PLAN_INVALID/);
  });
});
