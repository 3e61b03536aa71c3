import { expect, it } from 'vitest';
import type { RelatedTable } from '../../databases/checked.js';
import { candidateKeys } from '../../activities/kora/references/infer.js';

/** "name: column type, …"; the first column is the primary key, one with "!" is unique. */
function table(text: string): RelatedTable {
  const [name = '', list = ''] = text.split(': ');
  const columns = list.split(', ').map((part) => {
    const [column = '', type = 'int4'] = part.split(' ');
    return { name: column.replace('!', ''), type, unique: column.endsWith('!') };
  });
  const key = (kind: string, column: string): RelatedTable['constraints'][number] => ({
    name: `${name}_${column}`,
    kind,
    columns: [column],
    validated: true,
    referenced: null,
    referencedColumns: [],
    onDelete: null,
    onUpdate: null,
    expression: null,
  });
  const constraints = columns.flatMap((column, at) =>
    at === 0 ? [key('p', column.name)] : column.unique ? [key('u', column.name)] : [],
  );
  return { name, columns, constraints, indexes: [], rows: 1 };
}

function inferred(...tables: readonly string[]): string[] {
  return candidateKeys(tables.map(table), []).map(
    ({ table: from, columns, referenced, referencedColumns }) =>
      `${from}.${columns.join()} -> ${referenced}.${referencedColumns.join()}`,
  );
}

it('a column that is named for a table refers to its key, in any spelling and in singular or plural', () => {
  const parents = ['customers: id int4', 'category: id int8', 'address: id int4'];
  expect(inferred(...parents, 'sale: id, customer_id, categoryId int4, FK_Address')).toEqual([
    'sale.customer_id -> customers.id',
    'sale.categoryId -> category.id',
    'sale.FK_Address -> address.id',
  ]);
});

it('a key that has its table in its name is referred to by that name, and by a role before it', () => {
  expect(inferred('customer: customer_id', 'sale: sale_id, customer_id, billing_customer_id')).toEqual([
    'sale.customer_id -> customer.customer_id',
    'sale.billing_customer_id -> customer.customer_id',
  ]);
});

it('a column for a parent refers to its own table, and a code to a code', () => {
  expect(inferred('category: id, parent_id', 'country: id, code! varchar', 'city: id, country_code varchar')).toEqual([
    'category.parent_id -> category.id',
    'city.country_code -> country.code',
  ]);
});

it('another type, a name that says nothing, or a key that is declared already makes no candidate', () => {
  const tables = ['customer: id', 'sale: id, customer_id text, number, amount, customer'].map(table);
  expect(candidateKeys(tables, [])).toEqual([]);
  const tied = ['customer: id', 'sale: id, customer_id'].map(table);
  const declared = { table: 'sale', columns: ['customer_id'], referenced: 'customer', referencedColumns: ['id'] };
  expect(candidateKeys(tied, [declared])).toEqual([]);
});

it('two tables that fit alike are a guess, and none is made', () => {
  expect(inferred('customer: id', 'customers: id', 'sale: id, customer_id')).toEqual([]);
});
