import type { DefaultPair } from '../../existing.js';
import type { Session } from '../connect.js';
import { isServerError } from '../errors.js';
import { quoted } from '../identifiers.js';

/** Functions that give the transaction's own clock, or that only say a type's size: they change nothing. */
const CALLED = new Set(
  'now current_timestamp localtimestamp current_time localtime timezone timestamp timestamptz time interval numeric decimal varchar character varying char bit bpchar'.split(
    ' ',
  ),
);

/** Both in one transaction, whose clock stands still: what reads it gives one value. */
export async function sameValues(
  session: Session,
  schema: string,
  pairs: readonly DefaultPair[],
): Promise<(boolean | undefined)[]> {
  await session.run(`SET LOCAL search_path = ${quoted(schema)}`);
  const answers: (boolean | undefined)[] = [];
  for (const pair of pairs) answers.push(await sameValue(session, pair));
  return answers;
}

async function sameValue(session: Session, { type, one, other }: DefaultPair): Promise<boolean | undefined> {
  const [first, second] = [one, other].map(withOneClock);
  if (first === undefined || second === undefined || !isSimple(first) || !isSimple(second)) return undefined;
  await session.run('SAVEPOINT one_default');
  try {
    const value = (expression: string): string => `CAST(CAST((${expression}) AS ${type}) AS text)`;
    const [row] = await session.rows(`SELECT ${value(first)} IS NOT DISTINCT FROM ${value(second)} AS same`);
    await session.run('RELEASE SAVEPOINT one_default');
    return row?.['same'] === 't';
  } catch (error) {
    if (!isServerError(error)) throw error;
    await session.run('ROLLBACK TO SAVEPOINT one_default');
    return undefined;
  }
}

function withOneClock(expression: string): string {
  return expression.replace(/\b(?:pg_catalog\.)?(?:statement|transaction|clock)_timestamp\(\)/gi, 'now()');
}

/** A literal, a cast, the clock: nothing that calls what somebody wrote. */
function isSimple(expression: string): boolean {
  const bare = expression.replace(/'(?:[^']|'')*'/g, "''").replace(/"(?:[^"]|"")*"/g, '""');
  if (/[;$]|--|\/\*|\b(?:select|from)\b/i.test(bare)) return false;
  return [...bare.matchAll(/([a-z_]\w*)\s*\(/gi)].every(([, name = '']) => CALLED.has(name.toLowerCase()));
}
