import { html, join } from '../page/html.js';
import type { Html } from '../page/html.js';
import { table } from '../page/parts.js';

/** Columns of a table on the page; the evidence file has all. */
const COLUMNS_MAX = 8;

/** What of a check's report is a list of like things, as tables: tests with their figures, rules, queries. */
export function reportTables(report: unknown, rowsMax: number): Html {
  const lists = Array.isArray(report) ? [['', report] as const] : Object.entries(isObject(report) ? report : {});
  return join(
    lists.map(([name, items]) => {
      const rows = Array.isArray(items) ? items.filter(isObject) : [];
      return rows.length === 0 ? html`` : listed(name, rows, rowsMax);
    }),
  );
}

function listed(name: string, items: readonly Readonly<Record<string, unknown>>[], rowsMax: number): Html {
  const names = new Set(items.flatMap((item) => Object.keys(item).filter((key) => isShort(item[key]))));
  const columns = [...names].toSorted((one, other) => place(one) - place(other)).slice(0, COLUMNS_MAX);
  const rows = items.slice(0, rowsMax).map((item) => columns.map((column) => cellText(item[column])));
  const rest = items.length - rows.length;
  return html`<h3>${wordsOf(name)}</h3>
    ${table(columns.map(wordsOf), rows)}
    ${rest > 0 ? html`<p>… and ${String(rest)} more, in the evidence file.</p>` : html``}`;
}

/** What a line is about stands first; canonical JSON sorts by letters. */
const FIRST = ['id', 'name', 'query', 'rule', 'table', 'tables', 'object', 'column', 'columns', 'test', 'check'];

function place(name: string): number {
  const at = FIRST.indexOf(name);
  return at < 0 ? FIRST.length : at;
}

/** "pValue" as people write it. */
export function wordsOf(name: string): string {
  return name.replace(/([a-z])([A-Z])/gu, (_, before: string, letter: string) => `${before} ${letter.toLowerCase()}`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isShort(value: unknown): boolean {
  return !isObject(value) && (!Array.isArray(value) || value.every((each) => typeof each !== 'object'));
}

const NUMBER = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 6 });

function cellText(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : smallText(value);
  if (Array.isArray(value)) return value.map(String).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A p-value may be very small. */
function smallText(value: number): string {
  return Math.abs(value) < 0.001 ? value.toExponential(2) : NUMBER.format(value);
}
