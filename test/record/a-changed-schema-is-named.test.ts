import { describe, expect, it } from 'vitest';
import { driftOf, refuseAnyDrift } from '../../activities/drift/drift.js';
import type { CatalogueTable } from '../../contracts/catalogue.js';
import { catalogueOf, column, table } from '../mapping/catalogues.js';

const WAS = table('s', 't', {
  columns: [column('id', 'int', { nullable: false }), column('n', 'int')],
  primaryKey: [{ column: 'id' }],
  indexes: [{ name: 'u', unique: true, method: 'btree', parts: [{ column: 'n' }] }],
  checks: [{ name: 'positive', expression: 'n > 0' }],
});

function drift(is: Partial<CatalogueTable>): readonly string[] | undefined {
  const [before, now] = [catalogueOf('mysql', [WAS]), catalogueOf('mysql', [{ ...WAS, ...is }])];
  return driftOf(before, now, ['s.t']).get('s.t');
}

describe('A changed schema', () => {
  it.each<[string, Partial<CatalogueTable>]>([
    ['the table is not there any more', { name: 'other' }],
    ['column n (int) was dropped', { columns: WAS.columns.slice(0, 1) }],
    ['column x (text) was added', { columns: [...WAS.columns, column('x', 'text')] }],
    ['column n was changed from int to bigint', { columns: [...WAS.columns.slice(0, 1), column('n', 'bigint')] }],
    [
      'column n was changed',
      { columns: [...WAS.columns.slice(0, 1), column('n', 'int', { default: { kind: 'literal', value: '1' } })] },
    ],
    ['primary key id was dropped', { primaryKey: undefined }],
    ['unique key u was dropped', { indexes: [] }],
    ['check positive was changed', { checks: [{ name: 'positive', expression: 'n > 1' }] }],
  ])('is told: %s', (told, is) => {
    expect(drift(is)).toEqual([told]);
  });

  it('is none where only what moves nothing is another', () => {
    const index = { name: 'i', unique: false, method: 'btree', parts: [{ column: 'n' }] };
    const same = { indexes: [...WAS.indexes, index], comment: 'new', estimatedRows: 9, nextIdentity: '7' };
    expect(drift(same)).toBeUndefined();
    expect(driftOf(catalogueOf('mysql', [WAS]), catalogueOf('mysql', [WAS, table('s', 'new', {})]), ['s.t']).size).toBe(
      0,
    );
  });

  it('of several tables is told of all', () => {
    const two = [WAS, { ...WAS, name: 'u' }];
    const found = driftOf(catalogueOf('mysql', two), catalogueOf('mysql', []), ['s.t', 's.u', 's.unknown']);
    expect(() => {
      refuseAnyDrift(found);
    }).toThrow(/SCHEMA_DRIFT.*s\.t: the table is not there any more; s\.u: the table is not there any more/);
  });
});
