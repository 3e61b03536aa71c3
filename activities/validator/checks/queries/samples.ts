import { createHash } from 'node:crypto';
import type { Placeholder, Workload, WorkloadQuery } from '../../../../contracts/workload.js';
import type { AnswerColumn, Asking, Cell } from '../../../../databases/asking.js';
import { filled } from '../../../../language/workload/placeholders.js';
import { literalOf, quotedName, quotedPath } from '../../../kora/behaviour/literals.js';

type Dialect = Workload['dialect'];

/** Values of a column among which one is taken, and seconds that finding them may take. */
const SAMPLES = 50;
const SECONDS = 10;
/** A count of rows that was not recorded. */
const LIMIT = '10';

/** Puts values of the columns that they are compared with where none were recorded; what has none stays as it is. */
export class Sampler {
  readonly #asking: Asking;
  readonly #dialect: Dialect;
  readonly #known = new Map<string, readonly string[]>();

  constructor(asking: Asking, dialect: Dialect) {
    this.#asking = asking;
    this.#dialect = dialect;
  }

  async fill(query: WorkloadQuery): Promise<WorkloadQuery> {
    const { placeholders = [], ...rest } = query;
    if (placeholders.length === 0) return query;
    const literals: string[] = [];
    for (const [at, placeholder] of placeholders.entries()) {
      const literal = await this.#literal(placeholder, `${query.id} ${String(at)}`);
      if (literal === undefined) return query;
      literals.push(literal);
    }
    return { ...rest, run: filled(query.run, placeholders, literals), synthetic: true };
  }

  /** The same place of the same query gets the same one of the values. */
  async #literal({ table, column, limit }: Placeholder, place: string): Promise<string | undefined> {
    if (limit === true) return LIMIT;
    if (table === undefined || column === undefined) return undefined;
    const values = await this.#values(table, column);
    const number = createHash('sha256').update(place).digest().readUInt32BE(0);
    return values[number % Math.max(1, values.length)];
  }

  async #values(table: string, column: string): Promise<readonly string[]> {
    const key = `${table} ${column}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const name = quotedName(column, this.#dialect);
    const sql = `SELECT ${name} FROM ${quotedPath(table, this.#dialect)} WHERE ${name} IS NOT NULL LIMIT ${String(SAMPLES)}`;
    const values: string[] = [];
    let columns: readonly AnswerColumn[] = [];
    await this.#asking.ask({
      sql,
      seconds: SECONDS,
      onColumns: (announced) => {
        columns = announced;
      },
      onRow: ([cell = null]: readonly Cell[]) => {
        const literal = columns[0] && literalOf(cell, columns[0], this.#dialect);
        if (literal !== undefined) values.push(literal);
      },
    });
    this.#known.set(key, values);
    return values;
  }
}
