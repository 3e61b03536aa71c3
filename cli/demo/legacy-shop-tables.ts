import { DIRT, type DirtRule, type ShopEngine } from './legacy-shop-dirt.js';
import { MAKE_ROW, type ShopValue } from './legacy-shop-rows.js';
import { rowsAt, SHOP_TABLES, type ShopTableSchema } from './legacy-shop-schema.js';
import { Random } from './random.js';

const BATCH_ROWS = 500;

export interface DirtCount {
  readonly kind: string;
  readonly table: string;
  readonly column: string;
  readonly count: number;
}

export interface ShopTable {
  readonly schema: ShopTableSchema;
  readonly rows: number;
  /** Rows in batches, columns in the order of the schema. A table is read once. */
  batches(): AsyncGenerator<ShopValue[][]>;
  /** Of what was read so far. */
  dirt(): DirtCount[];
}

/**
 * The shop's tables and rows, the same for the same seed and scale (1: 345,000 rows), with the dirt that `engine` can
 * hold. Tables come in an order in which each refers only to earlier ones, or to itself.
 */
export function legacyShopRows(seed: number, scale: number, engine: ShopEngine = 'sqlite'): readonly ShopTable[] {
  return [...SHOP_TABLES].sort(byReference).map((schema) => {
    const rules = DIRT.filter((rule) => rule.table === schema.name && (rule.engine ?? engine) === engine);
    const counts = new Map<DirtRule, number>();
    const rows = rowsAt(schema.name, scale);
    return {
      schema,
      rows,
      batches: () => makeBatches({ schema, seed, scale, rows }, rules, counts),
      dirt: () => [...counts].map(([{ kind, table, column }, count]) => ({ kind, table, column, count })),
    };
  });
}

interface Making {
  readonly schema: ShopTableSchema;
  readonly seed: number;
  readonly scale: number;
  readonly rows: number;
}

async function* makeBatches(
  making: Making,
  rules: readonly DirtRule[],
  counts: Map<DirtRule, number>,
): AsyncGenerator<ShopValue[][]> {
  const random = new Random(making.seed, making.schema.name);
  const make = MAKE_ROW[making.schema.name];
  if (!make) throw new Error(`no rows are made for ${making.schema.name}`);
  const placed = rules.map((rule) => ({
    rule,
    at: making.schema.columns.findIndex((column) => column.name === rule.column),
  }));
  let batch: ShopValue[][] = [];
  for (let index = 0; index < making.rows; index++) {
    const row = make(index, random, making.scale);
    for (const { rule, at } of placed) {
      if (index % rule.every !== rule.first) continue;
      row[at] = rule.spoil(row[at] ?? null, index);
      counts.set(rule, (counts.get(rule) ?? 0) + 1);
    }
    batch.push(row);
    if (batch.length < BATCH_ROWS && index + 1 < making.rows) continue;
    yield batch;
    batch = [];
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function byReference(a: ShopTableSchema, b: ShopTableSchema): number {
  return depthOf(a) - depthOf(b);
}

function depthOf(schema: ShopTableSchema): number {
  const others = (schema.references ?? []).filter((reference) => reference.table !== schema.name);
  const depths = others.map(({ table }) => {
    const target = SHOP_TABLES.find((candidate) => candidate.name === table);
    return target ? depthOf(target) + 1 : 0;
  });
  return Math.max(0, ...depths);
}

export interface ShopSummary {
  readonly tables: number;
  readonly rows: number;
  /** What is wrong in the data, counted; a kind that this scale is too small for is missing. */
  readonly dirt: readonly DirtCount[];
}

export function summarise(tables: readonly ShopTable[]): ShopSummary {
  return {
    tables: tables.length,
    rows: tables.reduce((sum, table) => sum + table.rows, 0),
    dirt: tables.flatMap((table) => table.dirt()),
  };
}
