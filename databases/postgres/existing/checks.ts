import type { CheckPair } from '../../existing.js';
import type { Session } from '../connect.js';
import { isServerError } from '../errors.js';
import { literal, quoted } from '../identifiers.js';

/** Two conditions on every combination of the samples: a check lets a row in unless it is false. */
export async function sameChecks(
  session: Session,
  schema: string,
  pairs: readonly CheckPair[],
): Promise<(boolean | undefined)[]> {
  await session.run(`SET LOCAL search_path = ${quoted(schema)}`);
  const answers: (boolean | undefined)[] = [];
  for (const pair of pairs) answers.push(await sameCheck(session, pair));
  return answers;
}

async function sameCheck(session: Session, { one, other, columns }: CheckPair): Promise<boolean | undefined> {
  const lists = columns.map(({ name, type, samples }) => {
    const values = samples.map((sample) => `(${sample === null ? 'NULL' : literal(sample)}::text)`);
    return `(SELECT CAST(v AS ${type}) AS ${quoted(name)} FROM (VALUES ${values.join(', ')}) AS given(v))`;
  });
  const rows = lists.map((list, at) => `${list} AS ${quoted(`s${String(at)}`)}`).join(' CROSS JOIN ');
  await session.run('SAVEPOINT one_check');
  try {
    const [row] = await session.rows(
      `SELECT NOT coalesce(bool_or(((${one}) IS FALSE) <> ((${other}) IS FALSE)), false) AS same FROM ${rows}`,
    );
    await session.run('RELEASE SAVEPOINT one_check');
    return row?.['same'] === 't';
  } catch (error) {
    if (!isServerError(error)) throw error;
    await session.run('ROLLBACK TO SAVEPOINT one_check');
    return undefined;
  }
}
