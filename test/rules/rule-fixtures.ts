import { candidatesOf, proposalOf, supported } from '../../activities/kora/rules/mine.js';
import type { Mining, Proposal } from '../../activities/kora/rules/mine.js';
import { emptySample } from '../../activities/kora/rules/sample.js';
import type { Sample } from '../../activities/kora/rules/sample.js';
import type { ColumnMapping, TableMapping } from '../../contracts/mapping.js';
import type { Rule } from '../../contracts/rules.js';
import { column, tableOf } from '../record/record-fixtures.js';

/** The moment at which tests look at rows. */
export const NOW = new Date('2026-03-01T12:00:00Z');

/** "name type": the kind follows from the type. */
export function columnOf(spec: string): ColumnMapping {
  const [name = '', type = ''] = spec.split(/ (?=[^ ]+$)/);
  const kind = /^(?:bigint|integer)$/.test(type)
    ? 'integer'
    : type.startsWith('numeric')
      ? 'decimal'
      : type === 'date' || type === 'timestamp'
        ? type
        : 'text';
  const scale = /,(\d)\)/.exec(type)?.[1];
  return column({ type, kind, ...(scale !== undefined && { limits: { scale: Number(scale) } }) }, name);
}

/** A table whose first column is its key. */
export function tableNamed(name: string, columns: readonly string[], more: Partial<TableMapping> = {}): TableMapping {
  const mapped = columns.map(columnOf);
  const [key] = mapped;
  const primaryKey = { name: `${name}_pkey`, columns: [key?.target ?? ''] };
  const names = { source: { schema: 'shop', name }, target: { schema: 'public', name } };
  return tableOf(mapped, { ...names, primaryKey, rowKey: [key?.source ?? ''], ...more });
}

/** All rows of a table. */
export function sampleOf(table: TableMapping, rows: readonly (readonly (string | null | undefined)[])[]): Sample {
  const sample = emptySample(table);
  for (const row of rows) for (const [at, { values }] of sample.columns.entries()) values.push(row[at]);
  return Object.assign(sample, { rows: rows.length, whole: true, share: 1 });
}

export function miningOf(samples: readonly Sample[], more: Partial<Mining> = {}): Mining {
  return { samples: new Map(samples.map((sample) => [sample.name, sample])), library: [], now: NOW, ...more };
}

export async function mined(samples: readonly Sample[], more: Partial<Mining> = {}): Promise<Proposal[]> {
  const mining = miningOf(samples, more);
  return (await supported(await candidatesOf(mining), mining)).map(proposalOf);
}

/** "kind(columns)" of what was found. */
export function namesOf(proposals: readonly Pick<Proposal, 'rule'>[]): string[] {
  return proposals.map(({ rule }) => nameOf(rule)).sort();
}

export function nameOf({ kind, columns, parameters }: Rule): string {
  const format = 'format' in parameters ? `:${parameters.format}` : '';
  return `${kind}${format}(${columns.join(',')})`;
}

export const times = <T>(count: number, of: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => of(at));
