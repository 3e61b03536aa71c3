import type { InPlan } from '../../../contracts/activities.js';
import { CaravanFailure } from '../../../contracts/failures.js';
import type { Rule } from '../../../contracts/rules.js';
import { isRowRule, withoutValues } from '../../../contracts/rules.js';
import type { TableMapping } from '../../../contracts/mapping.js';
import { qualified } from '../../../contracts/catalogue.js';
import type { Deps } from '../../deps.js';
import { mappingFileOf, openSourceOf, planOf, recordOf, withEnd } from '../../ends.js';
import type { Alive } from '../../heartbeat.js';
import { isDecidable } from '../../kora/rules/compile-rules.js';
import { ruleId } from '../../kora/rules/candidate.js';
import { libraryOf } from '../../kora/rules/library.js';
import { candidatesOf, proposalOf, PROPOSALS_MAX, supported } from '../../kora/rules/mine.js';
import type { Mining, Proposal } from '../../kora/rules/mine.js';
import { missingLines } from '../../kora/rules/table-candidates.js';
import { ranked } from '../../kora/rules/model/rank.js';
import { decided } from './given.js';
import { readLines, readSamples } from './read-samples.js';

/** How long rows are read, and then looked at. What is not done until then is left out. */
const READING_MS = 2000;
const LOOKING_MS = 2000;
/** Where somebody asks for rules by their ids, it takes as long as it must. */
const ASKED_MS = 120_000;

/**
 * Looks for rules in names, types and a sample of the rows, and keeps what the data supports. Whatever goes wrong: a
 * migration without proposals is a migration.
 */
export async function mineRules(deps: Deps, input: InPlan, alive: Alive): Promise<Rule[]> {
  const kept = await deps.store.rules.list(input.migrationId);
  if (kept.length > 0) return kept.map(({ rule }) => withoutValues(rule));
  try {
    return await mine(deps, input, alive);
  } catch (error) {
    if (alive.signal.aborted) throw error;
    // What somebody asked for by its id must not be forgotten in silence.
    const { input: given } = await recordOf(deps, input.migrationId);
    if ((await mappingFileOf(deps, given))?.file.rules !== undefined) throw error;
    const code = error instanceof CaravanFailure ? error.code : 'INTERNAL';
    deps.log.warn({ event: 'rules.not_mined', migrationId: input.migrationId, code });
    return [];
  }
}

async function mine(deps: Deps, { migrationId, planId }: InPlan, alive: Alive): Promise<Rule[]> {
  const { input } = await recordOf(deps, migrationId);
  const { tables } = (await planOf(deps, planId)).document.migration;
  const mapping = await mappingFileOf(deps, input);
  const { accept = [], quarantine = [], drop = [] } = mapping?.file.rules ?? {};
  const wanted = new Set([...accept, ...quarantine, ...drop]);
  const within = (ms: number): AbortSignal =>
    AbortSignal.any([alive.signal, AbortSignal.timeout(wanted.size > 0 ? ASKED_MS : ms)]);
  const signal = within(READING_MS);
  const { samples, lines } = await withEnd(openSourceOf(deps, migrationId), async (source) => {
    const sampling = { source, tables, limits: input.limits ?? {}, signal, cancelled: alive.signal };
    const samples = await readSamples(sampling);
    return { samples, lines: await readLines(sampling, missingLines(samples)) };
  });
  const mining: Mining = {
    samples,
    lines,
    library: libraryOf(await deps.store.learning.facts('rule')),
    now: new Date(),
    wanted,
    signal: within(LOOKING_MS),
  };
  const found = await supported(await candidatesOf(mining), mining);
  const all = await ranked(deps.ruleModel, found, mining, { signal: alive.signal, log: deps.log });
  const asked = all.filter((one) => wanted.has(ruleId(one)));
  const most = [...asked, ...all.filter((one) => !asked.includes(one))].slice(0, PROPOSALS_MAX).map(proposalOf);
  const proposals = decided(
    most.map((proposal) => withInline(tables, proposal)),
    mapping,
  );
  await deps.store.rules.propose(migrationId, proposals);
  deps.bus.publish({
    type: 'planning.rules_proposed',
    migrationId,
    at: new Date().toISOString(),
    data: { rules: proposals.length, leftOut: all.length - most.length, tables: samples.size },
  });
  // Whoever was first is right.
  return (await deps.store.rules.list(migrationId)).map(({ rule }) => withoutValues(rule));
}

/** Whether its rows are told apart while they are copied, so that they can be kept out. */
function withInline(tables: readonly TableMapping[], proposal: Proposal): Proposal {
  const { rule } = proposal;
  const table = tables.find(({ source }) => qualified(source) === rule.table);
  const inline = table !== undefined && isRowRule(rule) && isDecidable(table, rule);
  return inline ? { ...proposal, rule: { ...rule, inline } } : proposal;
}
