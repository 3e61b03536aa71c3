import {
  ADJECTIVES,
  CATEGORIES,
  CITIES,
  COMPANIES,
  COUPON_WORDS,
  FIRST_NAMES,
  LAST_NAMES,
  NOUNS,
  OPINIONS,
  STREETS,
  TAGS,
} from './legacy-shop-words.js';
import { ORDER_STATES, PAYMENT_METHODS, rowsAt } from './legacy-shop-schema.js';
import type { Random } from './random.js';

export type ShopValue = null | number | string | Uint8Array;

/** One clean row, by its number from 0; columns in the order of the schema. */
export type MakeRow = (index: number, random: Random, scale: number) => ShopValue[];

const DAY_SECONDS = 86_400;
/** 2015-01-01 and ten years. */
const FIRST_SECOND = 1_420_070_400;
const SPAN_DAYS = 3652;

/** "YYYY-MM-DD HH:MM:SS" within the shop's ten years. */
function moment(random: Random): string {
  return momentText(FIRST_SECOND + random.integer(0, SPAN_DAYS * DAY_SECONDS));
}

function momentText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
}

function day(random: Random, fromYear: number, years: number): string {
  const start = Date.UTC(fromYear, 0, 1) / 1000;
  return momentText(start + random.integer(0, years * 365) * DAY_SECONDS).slice(0, 10);
}

function cents(random: Random, most: number): number {
  return random.integer(50, most * 100) / 100;
}

function phone(random: Random): string {
  return `+${String(random.integer(1, 98))} ${String(random.integer(10, 999))} ${String(random.integer(100_000, 9_999_999))}`;
}

/** A name as it goes into an address: without marks, and something else where nothing is left. */
function asciiName(name: string): string {
  return (
    name
      .normalize('NFD')
      .replace(/[^A-Za-z]/g, '')
      .toLowerCase() || 'guest'
  );
}

function customers(index: number, random: Random): ShopValue[] {
  const [first, last] = [random.pick(FIRST_NAMES), random.pick(LAST_NAMES)];
  return [
    ...[index + 1, `${asciiName(first)}.${asciiName(last)}${String(index)}@example.org`, first, last],
    random.chance(20) ? `${last} ${random.pick(COMPANIES)}` : null,
    ...[random.chance(70) ? phone(random) : null, random.chance(60) ? day(random, 1940, 65) : null],
    ...[String(random.integer(0, 5000)), random.chance(40) ? 1 : 0],
    ...[random.chance(30) ? random.integer(1, 50) * 100 : null, moment(random)],
    random.chance(15) ? random.pick(OPINIONS) : null,
    random.chance(10) ? Buffer.from(`89504e470d0a1a0a${random.hex(32)}`, 'hex') : null,
  ];
}

function addresses(index: number, random: Random, scale: number): ShopValue[] {
  return [
    ...[index + 1, random.integer(1, rowsAt('customers', scale))],
    ...[
      `${random.pick(STREETS)} ${String(random.integer(1, 250))}`,
      String(random.integer(0, 99_999)).padStart(5, '0'),
    ],
    ...[random.pick(CITIES), random.pick(['CH', 'PL', 'BR', 'DK', 'GR', 'UA', 'JP', 'KR', 'TR', 'ES', 'DE', 'FR'])],
    ...[random.integer(-9_000_000, 9_000_000) / 1e5, random.integer(-18_000_000, 18_000_000) / 1e5],
    random.chance(70) ? 1 : 0,
  ];
}

function employees(index: number, random: Random): ShopValue[] {
  const manager = index === 0 ? null : random.integer(1, Math.max(1, Math.floor(index / 3)));
  return [
    ...[index + 1, random.pick(FIRST_NAMES), random.pick(LAST_NAMES), manager, random.integer(24, 140) * 1000],
    ...[day(random, 2005, 18), random.chance(85) ? 1 : 0],
  ];
}

function categories(index: number, random: Random): ShopValue[] {
  const parent = index < CATEGORIES.length ? null : random.integer(1, Math.min(index, 40));
  const name = CATEGORIES[index % CATEGORIES.length] ?? '';
  return [index + 1, parent, parent === null ? name : `${name} ${random.pick(NOUNS)}`, index % 10];
}

function suppliers(index: number, random: Random): ShopValue[] {
  const name = random.pick(LAST_NAMES);
  const site = random.chance(80) ? `https://www.${asciiName(name)}${String(index)}.example/shop?lang=de` : null;
  return [index + 1, `${name} ${random.pick(COMPANIES)}`, site, phone(random), moment(random)];
}

function products(index: number, random: Random, scale: number): ShopValue[] {
  const name = `${random.pick(ADJECTIVES)} ${random.pick(NOUNS)} No. ${String(index + 1)}`;
  const attributes = { colour: random.pick(['red', 'grün', 'azul', '白']), sizes: [1, random.integer(2, 9)] };
  return [
    // Leading zeros: a number in form, and text for good.
    ...[index + 1, String(index + 1).padStart(8, '0'), name],
    ...[random.integer(1, rowsAt('categories', scale)), random.integer(1, rowsAt('suppliers', scale))],
    ...[cents(random, 400), random.integer(1, 30_000) / 1000, random.chance(90) ? 1 : 0],
    ...[random.chance(80) ? JSON.stringify(attributes) : null, random.chance(60) ? random.pick(OPINIONS) : null],
    moment(random),
  ];
}

/** Pairs of a composite key, each once: the row's number taken apart. */
function productTags(index: number, _random: Random, scale: number): ShopValue[] {
  const many = rowsAt('products', scale);
  return [(index % many) + 1, TAGS[(index + Math.floor(index / many)) % TAGS.length] ?? ''];
}

function stock(index: number, random: Random, scale: number): ShopValue[] {
  const many = rowsAt('products', scale);
  return [
    (index % many) + 1,
    Math.floor(index / many) + 1,
    random.integer(0, 500),
    random.chance(80) ? moment(random) : null,
  ];
}

export function couponCode(index: number): string {
  return `${COUPON_WORDS[index % COUPON_WORDS.length] ?? ''}${String(index)}`;
}

function coupons(index: number, random: Random): ShopValue[] {
  return [index + 1, couponCode(index), random.integer(1, 50), day(random, 2015, 9), day(random, 2024, 2)];
}

function orders(index: number, random: Random, scale: number): ShopValue[] {
  const coupon = random.chance(10) ? random.integer(1, rowsAt('coupons', scale)) : null;
  return [
    ...[index + 1, random.integer(1, rowsAt('customers', scale)), coupon, random.pick(ORDER_STATES), moment(random)],
    ...[
      cents(random, 2000),
      random.pick(['EUR', 'CHF', 'PLN', 'USD']),
      random.chance(5) ? random.pick(OPINIONS) : null,
    ],
  ];
}

function orderLines(index: number, random: Random, scale: number): ShopValue[] {
  return [
    ...[index + 1, random.integer(1, rowsAt('orders', scale)), random.integer(1, rowsAt('products', scale))],
    ...[random.integer(1, 12), cents(random, 400), random.chance(20) ? random.integer(1, 90) / 100 : null],
  ];
}

function payments(index: number, random: Random, scale: number): ShopValue[] {
  const [a, b] = [random.hex(8), random.hex(12)];
  return [
    ...[index + 1, random.integer(1, rowsAt('orders', scale)), random.pick(PAYMENT_METHODS), cents(random, 2000)],
    ...[
      random.chance(95) ? moment(random) : null,
      `${a}-${b.slice(0, 4)}-4${b.slice(4, 7)}-a${b.slice(7, 10)}-${random.hex(12)}`,
    ],
  ];
}

function shipments(index: number, random: Random, scale: number): ShopValue[] {
  const sent = FIRST_SECOND + random.integer(0, SPAN_DAYS * DAY_SECONDS);
  return [
    ...[index + 1, random.integer(1, rowsAt('orders', scale)), random.pick(['DHL', 'UPS', 'La Poste', 'InPost'])],
    ...[random.hex(18).toUpperCase(), sent, random.chance(90) ? momentText(sent + 3 * DAY_SECONDS).slice(0, 10) : null],
    random.integer(100, 30_000) / 1000,
  ];
}

function reviews(index: number, random: Random, scale: number): ShopValue[] {
  return [
    ...[index + 1, random.integer(1, rowsAt('products', scale)), random.integer(1, rowsAt('customers', scale))],
    ...[random.integer(1, 5), random.pick(OPINIONS), moment(random)],
  ];
}

function auditLog(index: number, random: Random, scale: number): ShopValue[] {
  const detail = {
    table: random.pick(['orders', 'customers', 'products']),
    id: random.integer(1, rowsAt('orders', scale)),
  };
  return [
    ...[FIRST_SECOND + index * 60, random.chance(80) ? random.pick(FIRST_NAMES) : null],
    ...[random.pick(['login', 'update', 'delete', 'export']), JSON.stringify(detail)],
  ];
}

export const MAKE_ROW: Readonly<Record<string, MakeRow>> = {
  ...{
    customers,
    addresses,
    employees,
    categories,
    suppliers,
    products,
    stock,
    coupons,
    orders,
    payments,
    shipments,
    reviews,
  },
  ...{ product_tags: productTags, order_lines: orderLines, audit_log: auditLog },
};
