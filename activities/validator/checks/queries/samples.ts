import { createHash } from 'node:crypto';
import type { Placeholder, Workload, WorkloadQuery } from '../../../../contracts/workload.js';
import type { AnswerColumn, Asking, Cell } from '../../../../databases/asking.js';
import { withValues } from '../../../../language/workload/placeholders.js';
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
  readonly #workload: Pick<Workload, 'dialect' | 'readAt'>;
  readonly #dialect: Dialect;
  readonly #known = new Map<string, readonly string[]>();

  constructor(asking: Asking, workload: Pick<Workload, 'dialect' | 'readAt'>) {
    this.#asking = asking;
    this.#workload = workload;
    this.#dialect = workload.dialect;
  }

  async fill(query: WorkloadQuery): Promise<WorkloadQuery> {
    const { placeholders = [], sql, id } = query;
    if (placeholders.length === 0) return query;
    const literals: string[] = [];
    for (const [at, placeholder] of placeholders.entries()) {
      const literal = await this.#literal(placeholder, `${id} ${String(at)}`);
      if (literal === undefined) return query;
      literals.push(literal);
    }
    return withValues(query, inOrder(sql, placeholders, literals), this.#workload);
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

/** The two values of a BETWEEN, the lesser first: else no row would be between them. */
function inOrder(sql: string, placeholders: readonly Placeholder[], literals: readonly string[]): string[] {
  const ordered = [...literals];
  for (const [at, { at: place, marker }] of placeholders.entries()) {
    const next = placeholders[at + 1];
    const [one = '', other = ''] = [ordered[at], ordered[at + 1]];
    if (next === undefined || !/^\s*and\s*$/iu.test(sql.slice(place + marker.length, next.at))) continue;
    if (!/\bbetween\s*$/iu.test(sql.slice(0, place))) continue;
    const isGreater = Number.isNaN(Number(one) - Number(other)) ? one > other : Number(one) > Number(other);
    if (isGreater) [ordered[at], ordered[at + 1]] = [other, one];
  }
  return ordered;
}
