import { condition, isCancellation, setHandler, workflowInfo } from '@temporalio/workflow';
import type { AcceptRule, DecidedRule, DropRule } from '../../contracts/messages.js';
import type { VerificationResult } from '../../contracts/phases.js';
import type { Rule } from '../../contracts/rules.js';
import type { Finding } from '../../contracts/migration.js';
import { codeOf, failure, isProcessGone, isRetryable } from '../kit/failures.js';
import { acceptRuleUpdate, dropRuleUpdate, rulesQuery } from '../kit/messages.js';
import { boundValidator, meta } from '../kit/profiles.js';
import type { MigrationState } from './state.js';

/** The business rules of a migration, and what people said of them. */
export class RuleBook {
  readonly rules: Rule[] = [];
  /** Decisions that are on their way to the store. */
  #pending = 0;
  /** Accepted, or no longer so, since the last look at both sides began. */
  #unchecked = false;

  propose(rules: readonly Rule[]): void {
    this.rules.push(...rules);
  }

  /** Rules that nobody decided about. */
  get proposed(): number {
    return this.rules.filter(({ state }) => state === 'proposed').length;
  }

  find(id: string): Rule | undefined {
    return this.rules.find((rule) => rule.id === id);
  }

  /** The store knows what was decided so far. */
  async settled(): Promise<void> {
    if (this.#pending > 0) await condition(() => this.#pending === 0);
  }

  async decide({ ruleId, state, by, reason, onBroken }: DecidedRule, keep: () => Promise<void>): Promise<void> {
    this.#pending += 1;
    try {
      await keep();
    } finally {
      this.#pending -= 1;
    }
    const at = this.rules.findIndex((rule) => rule.id === ruleId);
    const rule = this.rules[at];
    if (rule === undefined) return;
    this.rules[at] = { ...rule, state, by, reason, onBroken };
    this.#unchecked ||= state === 'accepted' || rule.state === 'accepted';
  }

  /** From here on both sides are looked at by the rules that are accepted now. */
  beginCheck(): void {
    this.#unchecked = false;
  }

  get isUnchecked(): boolean {
    return this.#unchecked;
  }
}

export interface RuleParts {
  readonly onChange: () => void;
  /** Refuses what names no person. */
  readonly requireActor: (by: unknown) => void;
}

/** What people say of rules, until the promotion. */
export function listenForRules(state: MigrationState, { onChange, requireActor }: RuleParts): void {
  const { workflowId: migrationId } = workflowInfo();
  const { book } = state;
  setHandler(rulesQuery, () => book.rules, { description: 'Business rules: proposed, accepted, dropped.' });
  const keeper = meta('keep what was decided about a rule');
  const decide = async (decided: DecidedRule): Promise<void> => {
    await book.decide(decided, () => keeper.decideRule({ migrationId, ...decided }));
    onChange();
  };
  const requireOpen = (ruleId: string, by: string, wanted: Rule['state']): Rule => {
    requireActor(by);
    const rule = book.find(ruleId);
    if (rule === undefined) throw failure('NOT_NOW', `There is no rule "${ruleId}".`);
    if (state.phase === 'promotion' || state.phase === 'learning' || state.phase === 'done')
      throw failure('NOT_NOW', 'It is past the pivot.');
    if (rule.state === wanted) throw failure('ALREADY_DECIDED', `By ${rule.by ?? 'somebody'}.`);
    return rule;
  };
  setHandler(acceptRuleUpdate, (accepted) => decide({ ...accepted, state: 'accepted' }), {
    description: 'Accepts a rule: from now on it is enforced.',
    validator: ({ ruleId, by, onBroken }: AcceptRule) => {
      const rule = requireOpen(ruleId, by, 'accepted');
      if (onBroken === undefined || onBroken === 'list') return;
      if ((onBroken as string) !== 'quarantine')
        throw failure('INPUT_INVALID', 'The field "onBroken" is "list" or "quarantine".');
      if (rule.inline !== true)
        throw failure('NOT_NOW', 'Its rows are not told apart while they are copied: they can only be listed.');
      if (state.phase !== 'planning') throw failure('NOT_NOW', 'Rows are copied already: they can only be listed.');
    },
  });
  const drop = async (dropped: DropRule): Promise<void> => {
    await decide({ ...dropped, state: 'dropped' });
    state.forgetRule(dropped.ruleId);
  };
  setHandler(dropRuleUpdate, drop, {
    description: 'Drops a rule: it was a false alarm.',
    validator: ({ ruleId, by }: DropRule) => {
      const rule = requireOpen(ruleId, by, 'dropped');
      if (rule.onBroken === 'quarantine' && state.phase !== 'planning')
        throw failure('NOT_NOW', 'Rows that break it are in quarantine already.');
    },
  });
}

/**
 * Rules that were accepted, or dropped, after both sides were looked at: looks again, at the same states. Undefined: none;
 * `lost`: the states are gone, and must be taken again.
 */
export async function checkLate(
  { book }: MigrationState,
  plan: { readonly migrationId: string; readonly planId: string },
  { queue, snapshotId }: VerificationResult['snapshot'],
): Promise<readonly Finding[] | 'lost' | undefined> {
  await book.settled();
  if (!book.isUnchecked) return undefined;
  book.beginCheck();
  const bound = boundValidator(queue, 'check rules that were accepted late');
  try {
    return (await bound.runCheck({ ...plan, snapshotId, check: 'rules' })).findings;
  } catch (error) {
    if (isCancellation(error)) throw error;
    if (isProcessGone(error) || isRetryable(error) || codeOf(error) === 'SNAPSHOT_LOST') return 'lost';
    throw error;
  }
}
