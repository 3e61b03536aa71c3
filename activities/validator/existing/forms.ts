import type { TableMapping } from '../../../contracts/mapping.js';
import type { CanonicalBatch } from '../../../databases/source.js';
import { plainJson } from '../../kora/differences/json.js';
import { expectedRow, framed, NULL_FIELD } from '../expected-row.js';
import type { Expect } from '../expected-row.js';
import { rewritings } from '../rewriting.js';
import { rowOf } from '../row-hash.js';

/** Puts the canonical rows of one side into a form in which only differences that count are left. */
export type Form = (batches: AsyncIterable<CanonicalBatch>) => AsyncIterable<CanonicalBatch>;

export interface Forms {
  readonly source: Form;
  readonly target: Form;
  /** Neither side is put into another form. */
  readonly asTheyAre: boolean;
}

/** As the mapping file rewrites texts, and JSON in one form where the target keeps it as jsonb. */
export function formsOf(table: TableMapping): Forms {
  const rewriting = rewritings(table);
  const jsonb = table.columns.map(({ kind, type }) => kind === 'json' && type === 'jsonb');
  const asJson: Expect = (field, column) => {
    if (jsonb[column] !== true || field.state !== 'value') return field.framed;
    const plain = plainJson(field.bytes.toString());
    return plain === undefined ? field.framed : framed(Buffer.from(plain));
  };
  const rewritten: Expect = (field, column) => {
    const rewrite = rewriting[column];
    if (rewrite === undefined || field.state === 'null') return asJson(field, column);
    const text = rewrite(field.bytes);
    if (text?.equals(field.bytes) === true) return asJson(field, column);
    return text === null ? NULL_FIELD : framed(text);
  };
  const hasJson = jsonb.includes(true);
  const isRewritten = rewriting.some((rewrite) => rewrite !== undefined);
  const none: Form = (batches) => batches;
  return {
    source: hasJson || isRewritten ? (batches) => formed(batches, rewritten) : none,
    target: hasJson ? (batches) => formed(batches, asJson) : none,
    asTheyAre: !hasJson && !isRewritten,
  };
}

async function* formed(batches: AsyncIterable<CanonicalBatch>, expect: Expect): AsyncGenerator<CanonicalBatch> {
  for await (const batch of batches) {
    const rows: Buffer[] = [];
    const end = new Int32Array(batch.rows);
    let length = 0;
    for (let index = 0; index < batch.rows; index += 1) {
      const row = rowOf(batch, index);
      const made = expectedRow(row, expect) ?? row;
      length += made.length;
      end[index] = length;
      rows.push(made);
    }
    yield { rows: batch.rows, bytes: Buffer.concat(rows, length), end, keys: batch.keys };
  }
}
