import { isNative } from '../../contracts/mapping.js';
import type { TableMapping } from '../../contracts/mapping.js';
import type { CompiledValidator } from '../../contracts/validator.js';
import type { Reader } from '../../databases/source.js';
import type { Chunk, Target } from '../../databases/target.js';
import type { Deps } from '../deps.js';
import type { Alive } from '../heartbeat.js';
import { giveSink, takeSink } from './byte-sink.js';
import { RowEncoder } from './row-encoder.js';
import { rowValidator } from './row-validator.js';

export interface CheckedChunk {
  /** Hash of the validator that it was held against; undefined where KORA has written none. */
  readonly validator: string | undefined;
  /** It stands as the copy would write it with this validator: the same rows in quarantine, the same values changed. */
  readonly stands: boolean;
  readonly rows: number;
}

export interface ChunkCheck {
  readonly table: TableMapping;
  readonly chunk: Chunk;
  readonly reader: Reader;
  readonly target: Target;
  readonly alive: Alive;
}

/**
 * Validation that catches up: the chunk's rows are read again and go through the copy's own loop, which writes nothing,
 * and what it would put into quarantine and value ledger is held against what is there.
 */
export async function checkChunk(
  deps: Deps,
  { table, chunk, reader, target, alive }: ChunkCheck,
): Promise<CheckedChunk> {
  const { compiled, hash: validator } = await rowValidator(deps, target, table);
  if (isNative(table) || table.rows === 'none') return { validator, stands: true, rows: 0 };
  const ledger = new Tally(await exceptionsOf(target, chunk));
  const encoder = encoderWithoutSeal(deps, table, compiled);
  const sink = takeSink();
  let rows = 0;
  for await (const batch of reader.read(table, chunk, alive.signal)) {
    encoder.open(batch);
    for (let row = 0; row < batch.rows; row += 1) {
      encoder.encode(batch, row, sink);
      if (sink.isFull) sink.take();
    }
    rows += batch.rows;
    ledger.take(encoder);
    alive.report({ rows });
    // What differs is copied again: nothing more has to be known of it.
    if (!ledger.isMatched) return { validator, stands: false, rows };
  }
  giveSink(sink);
  return { validator, stands: ledger.isSpent, rows };
}

/** Nothing is kept of what it says but whose row and which column it is about. */
function encoderWithoutSeal(deps: Deps, table: TableMapping, validator: CompiledValidator): RowEncoder {
  const { fields: checks, ...more } = validator;
  const computed = new Set(
    table.columns.filter(({ generated }) => generated !== undefined).map(({ target }) => target),
  );
  const compiled = { codecs: deps.compileTransform(table), rewrites: deps.compileRewrite(table), computed };
  return new RowEncoder(table, { ...compiled, checks, ...more }, () => NOTHING);
}

const NOTHING = Buffer.alloc(0);
/** Stands for a row in quarantine, among the rules of changed columns. */
const ROW = '';

async function exceptionsOf(
  target: Target,
  { table, chunk, changed, quarantined }: Chunk,
): Promise<Map<string, number>> {
  const left = new Map<string, number>();
  if (changed + quarantined === 0) return left;
  for (const [identity, row] of await target.ledger.exceptions(table, chunk)) {
    if (row.quarantined > 0) left.set(keyOf(identity, ROW, ROW), row.quarantined);
    for (const [column, { count, rule }] of row.changed) left.set(keyOf(identity, column, rule), count);
  }
  return left;
}

const keyOf = (identity: string, column: string, rule: string): string => `${identity}\n${column}\n${rule}`;

/** What the ledgers hold of a chunk, less what is met again. */
class Tally {
  isMatched = true;
  readonly #left: Map<string, number>;

  constructor(left: Map<string, number>) {
    this.#left = left;
  }

  take({ quarantined, changed, broken }: Pick<RowEncoder, 'quarantined' | 'changed' | 'broken'>): void {
    for (const { keyIdentity } of quarantined) this.#meet(keyOf(keyIdentity, ROW, ROW));
    for (const { keyIdentity, column, rule } of changed) this.#meet(keyOf(keyIdentity, column, rule));
    quarantined.length = 0;
    changed.length = 0;
    broken.length = 0;
  }

  get isSpent(): boolean {
    return this.isMatched && this.#left.size === 0;
  }

  #meet(key: string): void {
    const count = this.#left.get(key) ?? 0;
    this.isMatched &&= count > 0;
    if (count > 1) this.#left.set(key, count - 1);
    else this.#left.delete(key);
  }
}
