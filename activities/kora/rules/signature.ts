import type { TextFormat } from '../../../contracts/rules.js';
import { FORMATS } from './formats.js';
import type { Sample, SampledColumn } from './sample.js';

/** Values that tell a column's shape. */
const LOOKED_AT = 200;
const MOST = 0.8;
/** Forms that a text has by no accident. */
const TOLD: readonly TextFormat[] = ['email', 'iban', 'uuid', 'url', 'json'];

/** What a column's values are, without any of them. */
function shapeOf({ class: sort, values }: SampledColumn): string {
  const there = values
    .filter((value): value is string => typeof value === 'string' && value !== '')
    .slice(0, LOOKED_AT);
  if (there.length === 0) return 'empty';
  const share = (test: (value: string) => boolean): number => there.filter(test).length / there.length;
  if (sort === 'number') return share((value) => !value.includes('.')) >= MOST ? 'whole' : 'fraction';
  if (sort === 'time') return share((value) => value.length === 10) >= MOST ? 'day' : 'moment';
  for (const format of TOLD) if (share(FORMATS[format]) >= MOST) return format;
  return share((value) => value.length <= 40) >= MOST ? 'short' : 'long';
}

function columnSignature(column: SampledColumn): string {
  return `${column.words.join('_')}:${column.class}:${shapeOf(column)}`;
}

/** Which rules of other databases are like this one: its kind, and of each column stemmed names, class and shape. */
export function signatureOf(kind: string, columns: readonly SampledColumn[], more = ''): string {
  return [kind + (more === '' ? '' : `=${more}`), ...columns.map(columnSignature)].join('|');
}

export function columnsOf(sample: Sample, names: readonly string[]): SampledColumn[] {
  return names.flatMap((name) => sample.columns.find((column) => column.name === name) ?? []);
}
