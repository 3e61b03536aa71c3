import type { Catalogue } from '../../../contracts/catalogue.js';
import { qualified } from '../../../contracts/catalogue.js';
import type { TableMapping } from '../../../contracts/mapping.js';
import type { CanonicalBatch, Source } from '../../../databases/source.js';
import type { Target } from '../../../databases/target.js';
import { strengthOf } from '../../maba/mapping/collations/strength.js';
import type { Levels } from './levels.js';

/** Unique keys of a table over columns alone, by target column names. */
export function uniqueKeysOf(table: TableMapping): { readonly name: string; readonly columns: string[] }[] {
  const keys = [...(table.primaryKey ? [table.primaryKey] : []), ...table.uniqueKeys];
  return keys.map(({ name, columns }) => ({ name, columns: [...columns] }));
}

export interface KeyReading {
  readonly source: Source;
  readonly target: Target;
  readonly catalogue: Catalogue;
  readonly signal: AbortSignal;
}

/**
 * How many groups of the key's values, all different in the source, the target takes for equal. Texts of ASCII are told
 * apart alike by all: a key that holds nothing else is read once, and stays here.
 */
export async function alikeIn(
  { source, target, catalogue, signal }: KeyReading,
  {
    table,
    columns,
    levels,
  }: { readonly table: TableMapping; readonly columns: readonly string[]; readonly levels: Levels },
): Promise<number | undefined> {
  const compared = levels.ofKey(table, columns);
  if (compared === undefined) return 0;
  const whole: TableMapping = { ...table };
  delete whole.rowKey;
  delete whole.chunkKey;
  const mapping: TableMapping = {
    ...whole,
    columns: columns.flatMap((name) => table.columns.filter((column) => column.target === name)),
  };
  const reader = await source.openReader();
  const keys = (): AsyncIterable<CanonicalBatch> => reader.scan(mapping, {}, { keys: false, signal });
  if (foldsAll(mapping, catalogue) && !(await holdsOther(keys()))) return 0;
  return target.countAlike(compared, keys());
}

/** Does the source itself take texts for equal that differ in case, in every text of the key? */
function foldsAll({ source, columns }: TableMapping, catalogue: Catalogue): boolean {
  const known = catalogue.tables.find((table) => qualified(table) === qualified(source))?.columns;
  return columns.every(({ kind, source: name }) => {
    const collation = known?.find((column) => column.name === name)?.collation;
    return kind !== 'text' || strengthOf(collation) !== 'plain';
  });
}

/** A text that is not of printable ASCII alone; ends at the first one. */
async function holdsOther(keys: AsyncIterable<CanonicalBatch>): Promise<boolean> {
  for await (const { bytes, rows, end } of keys) {
    const text = bytes.subarray(0, end[rows - 1] ?? 0);
    for (let at = 0; at < text.length;) {
      const size = text.readUInt32BE(at);
      at += 4;
      if (size === NULL_LENGTH) continue;
      if (size === ODD_LENGTH) return true;
      for (const to = at + size; at < to; at += 1) if (!isPlain(text[at] ?? 0)) return true;
    }
  }
  return false;
}

const NULL_LENGTH = 0xff_ff_ff_ff;
const ODD_LENGTH = 0xff_ff_ff_fe;

/** Other control characters count for nothing where texts are compared by Unicode's rules. */
function isPlain(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || (byte >= 0x09 && byte <= 0x0d);
}
