import type { ReplayReport } from '../../../../contracts/replay.js';
import type { MigrationInput } from '../../../../contracts/migration.schema.js';
import { recordOf } from '../../../ends.js';
import type { Check, CheckContext, CheckOutcome } from '../check.js';
import type { Knowledge } from './judge.js';
import { openPageJudge } from './judge-page.js';
import { Tally } from './outcome.js';
import { judgePages, pagesOf, stateOf } from './pages.js';
import { preparedWorkload } from './prepare.js';
import { unequalTables } from './unequal-tables.js';

/** Recorded queries of the application, replayed on both sides. */
export const queriesCheck: Check = {
  name: 'queries',
  applies: async (context) => {
    const { queries, mode } = await inputOf(context);
    if (queries === undefined || mode === 'schema-only') return false;
    return context.snapshot.lend((reader) => Promise.resolve(reader.asking !== undefined));
  },
  run: replay,
};

async function inputOf({ deps, migrationId }: CheckContext): Promise<MigrationInput> {
  return (await recordOf(deps, migrationId)).input;
}

async function replay(context: CheckContext): Promise<CheckOutcome> {
  const { queries: workloadId = '' } = await inputOf(context);
  const workload = await preparedWorkload(context, workloadId);
  const known: Knowledge = { dialect: workload.dialect, unequal: await unequalTables(context) };
  const judge = await openPageJudge(context, known);
  try {
    const pages = pagesOf(workload.queries);
    const state = stateOf(context, workloadId);
    const hashes = await judgePages(context, { state, pages }, (queries, onJudged) => judge.judge(queries, onJudged));
    return await outcomeOf(context, { workloadId, hashes });
  } finally {
    await judge.close();
  }
}

async function outcomeOf(
  { deps, migrationId, existing }: CheckContext,
  { workloadId, hashes }: { readonly workloadId: string; readonly hashes: readonly string[] },
): Promise<CheckOutcome> {
  // Of a target that is there already nothing can be refused: it is told.
  const tally = new Tally(existing === undefined ? 'open' : 'listed');
  for (const page of hashes.keys()) {
    for (const verdict of (await deps.store.verdicts.page(migrationId, page)) ?? []) tally.add(verdict);
  }
  const counts = tally.counts();
  // What was said of each query is in the store, sealed; its hashes are signed with this.
  const report: ReplayReport = { workloadId, counts, pages: hashes };
  return { findings: tally.findings(), counts, proven: tally.proven(), notProven: tally.notProven(), report };
}
