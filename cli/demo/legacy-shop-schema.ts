/** The demo shop's tables, in types that each engine declares in its own way. */
export type ShopType =
  | {
      readonly type:
        'id' | 'integer' | 'unix' | 'money' | 'real' | 'date' | 'datetime' | 'flag' | 'text' | 'json' | 'blob';
    }
  | { readonly type: 'varchar' | 'code'; readonly size: number }
  | { readonly type: 'enum'; readonly labels: readonly string[] };

export type ShopColumn = ShopType & {
  readonly name: string;
  readonly required?: true;
  /** SQL, the same in both engines. */
  readonly default?: string;
};

export interface ShopTableSchema {
  readonly name: string;
  /** At scale 1. */
  readonly rows: number;
  readonly columns: readonly ShopColumn[];
  readonly key?: readonly string[];
  readonly unique?: readonly (readonly string[])[];
  readonly references?: readonly { readonly column: string; readonly table: string; readonly onDelete?: string }[];
  readonly checks?: readonly { readonly name: string; readonly sql: string }[];
  readonly indexes?: readonly (readonly string[])[];
}

const id: ShopColumn = { name: 'id', type: 'id', required: true };
const varchar = (name: string, size: number): ShopColumn => ({ name, type: 'varchar', size });
const money = (name: string): ShopColumn => ({ name, type: 'money', required: true, default: '0' });
const to = (column: string, table: string): { column: string; table: string } => ({ column, table });
const number = (name: string): ShopColumn => ({ name, type: 'integer' });
const needed = (column: ShopColumn): ShopColumn => ({ ...column, required: true });
const made: ShopColumn = { name: 'created_at', type: 'datetime', required: true, default: 'CURRENT_TIMESTAMP' };

export const ORDER_STATES = ['new', 'paid', 'packed', 'shipped', 'returned', 'cancelled'] as const;
export const PAYMENT_METHODS = ['card', 'invoice', 'paypal', 'transfer'] as const;

const people: readonly ShopTableSchema[] = [
  {
    ...{ name: 'customers', rows: 20_000, key: ['id'], unique: [['email']], indexes: [['last_name', 'first_name']] },
    columns: [
      ...[
        id,
        needed(varchar('email', 255)),
        varchar('first_name', 80),
        varchar('last_name', 80),
        varchar('company', 120),
      ],
      ...([varchar('phone', 40), { name: 'birth_date', type: 'date' }, varchar('loyalty_points', 12)] as ShopColumn[]),
      { name: 'newsletter', type: 'flag', required: true, default: '0' },
      ...([{ name: 'credit_limit', type: 'money' }, made, { name: 'notes', type: 'text' }] as ShopColumn[]),
      { name: 'avatar', type: 'blob' },
    ],
  },
  {
    ...{
      name: 'addresses',
      rows: 28_000,
      key: ['id'],
      references: [{ ...to('customer_id', 'customers'), onDelete: 'CASCADE' }],
    },
    columns: [
      ...[id, needed(number('customer_id')), varchar('street', 120), varchar('postcode', 12), varchar('city', 80)],
      ...([
        { name: 'country', type: 'code', size: 2 },
        { name: 'latitude', type: 'real' },
      ] as ShopColumn[]),
      ...([
        { name: 'longitude', type: 'real' },
        { name: 'is_default', type: 'flag' },
      ] as ShopColumn[]),
    ],
  },
  {
    ...{ name: 'employees', rows: 150, key: ['id'], references: [to('manager_id', 'employees')] },
    columns: [
      ...[id, varchar('first_name', 80), varchar('last_name', 80), number('manager_id'), money('salary')],
      ...([
        { name: 'hired_on', type: 'date' },
        { name: 'is_active', type: 'flag', required: true },
      ] as ShopColumn[]),
    ],
  },
];

const goods: readonly ShopTableSchema[] = [
  {
    ...{ name: 'categories', rows: 120, key: ['id'], references: [to('parent_id', 'categories')] },
    columns: [id, number('parent_id'), needed(varchar('name', 80)), number('position')],
  },
  {
    ...{ name: 'suppliers', rows: 400, key: ['id'] },
    columns: [id, needed(varchar('name', 120)), varchar('website', 200), varchar('phone', 40), made],
  },
  {
    ...{ name: 'products', rows: 5_000, key: ['id'], unique: [['sku']] },
    ...{ references: [to('category_id', 'categories'), to('supplier_id', 'suppliers')] },
    columns: [
      ...([id, { name: 'sku', type: 'code', size: 20, required: true }, needed(varchar('name', 160))] as ShopColumn[]),
      ...([
        number('category_id'),
        number('supplier_id'),
        money('price'),
        { name: 'weight_kg', type: 'real' },
      ] as ShopColumn[]),
      ...([
        { name: 'is_active', type: 'flag', required: true, default: '1' },
        { name: 'attributes', type: 'json' },
      ] as ShopColumn[]),
      ...([{ name: 'description', type: 'text' }, made] as ShopColumn[]),
    ],
    checks: [{ name: 'products_price_not_negative', sql: 'price >= 0' }],
  },
  {
    ...{ name: 'product_tags', rows: 12_000, key: ['product_id', 'tag'], references: [to('product_id', 'products')] },
    columns: [needed(number('product_id')), { name: 'tag', type: 'code', size: 40, required: true }],
  },
  {
    ...{ name: 'stock', rows: 10_000, key: ['product_id', 'warehouse'], references: [to('product_id', 'products')] },
    columns: [
      ...[needed(number('product_id')), needed(number('warehouse')), needed(number('quantity'))],
      { name: 'counted_at', type: 'datetime' },
    ],
  },
  {
    ...{ name: 'coupons', rows: 400, key: ['id'], unique: [['code']] },
    columns: [
      ...([id, { name: 'code', type: 'code', size: 24, required: true }, number('percent_off')] as ShopColumn[]),
      ...([
        { name: 'valid_from', type: 'date' },
        { name: 'valid_until', type: 'date' },
      ] as ShopColumn[]),
    ],
  },
];

const trade: readonly ShopTableSchema[] = [
  {
    ...{ name: 'orders', rows: 45_000, key: ['id'], indexes: [['customer_id'], ['ordered_at']] },
    ...{ references: [to('customer_id', 'customers'), to('coupon_id', 'coupons')] },
    columns: [
      ...[id, needed(number('customer_id')), number('coupon_id')],
      { name: 'status', type: 'enum', labels: ORDER_STATES, required: true, default: "'new'" },
      ...([{ name: 'ordered_at', type: 'datetime', required: true }, money('total')] as ShopColumn[]),
      ...([
        { name: 'currency', type: 'code', size: 3 },
        { name: 'comment', type: 'text' },
      ] as ShopColumn[]),
    ],
  },
  {
    ...{ name: 'order_lines', rows: 110_000, key: ['id'], indexes: [['order_id'], ['product_id']] },
    references: [{ ...to('order_id', 'orders'), onDelete: 'CASCADE' }, to('product_id', 'products')],
    columns: [
      ...[
        id,
        needed(number('order_id')),
        needed(number('product_id')),
        needed(number('quantity')),
        money('unit_price'),
      ],
      { name: 'discount', type: 'real' },
    ],
    checks: [{ name: 'order_lines_quantity_positive', sql: 'quantity > 0' }],
  },
  {
    ...{ name: 'payments', rows: 42_000, key: ['id'], references: [to('order_id', 'orders')] },
    columns: [
      ...([id, needed(number('order_id')), { name: 'method', type: 'enum', labels: PAYMENT_METHODS }] as ShopColumn[]),
      ...([
        money('amount'),
        { name: 'paid_at', type: 'datetime' },
        { name: 'reference', type: 'code', size: 36 },
      ] as ShopColumn[]),
    ],
  },
  {
    ...{ name: 'shipments', rows: 38_000, key: ['id'], references: [to('order_id', 'orders')] },
    columns: [
      ...([id, needed(number('order_id')), { name: 'carrier', type: 'code', size: 20 }] as ShopColumn[]),
      ...([
        { name: 'tracking', type: 'code', size: 40 },
        { name: 'shipped_at', type: 'unix' },
      ] as ShopColumn[]),
      ...([
        { name: 'delivered_on', type: 'date' },
        { name: 'weight_kg', type: 'real' },
      ] as ShopColumn[]),
    ],
  },
  {
    ...{ name: 'reviews', rows: 15_000, key: ['id'] },
    ...{ references: [to('product_id', 'products'), to('customer_id', 'customers')] },
    columns: [
      ...([
        id,
        needed(number('product_id')),
        number('customer_id'),
        needed(number('stars')),
        { name: 'body', type: 'text' },
        made,
      ] as ShopColumn[]),
    ],
    checks: [{ name: 'reviews_stars_range', sql: 'stars BETWEEN 1 AND 5' }],
  },
  {
    // No key at all, as logs often have none.
    ...{ name: 'audit_log', rows: 20_000, indexes: [['happened_at']] },
    columns: [
      ...([
        { name: 'happened_at', type: 'unix' },
        varchar('actor', 80),
        { name: 'action', type: 'code', size: 40 },
      ] as ShopColumn[]),
      { name: 'detail', type: 'json' },
    ],
  },
];

export const SHOP_TABLES: readonly ShopTableSchema[] = [...people, ...goods, ...trade];

/** Rows of a table at a scale; never none. */
export function rowsAt(table: string, scale: number): number {
  const schema = SHOP_TABLES.find((candidate) => candidate.name === table);
  return Math.max(1, Math.round((schema?.rows ?? 0) * scale));
}
