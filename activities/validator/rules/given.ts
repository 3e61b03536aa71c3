import { BY_MAPPING_FILE } from '../../../contracts/rules.js';
import type { Rule } from '../../../contracts/rules.js';
import type { ReadMapping } from '../../../language/mapping-file.js';
import type { Proposal } from '../../kora/rules/mine.js';

/** What the mapping file accepts and drops; ids that nothing was found for are refused by name. */
export function decided(proposals: readonly Proposal[], mapping: ReadMapping | undefined): Proposal[] {
  const given = mapping?.file.rules;
  if (mapping === undefined || given === undefined) return [...proposals];
  const { accept = [], quarantine = [], drop = [] } = given;
  const known = new Map(proposals.map(({ rule }) => [rule.id, rule]));
  mapping.refuse(
    Object.entries({ accept, quarantine, drop }).flatMap(([part, ids]) =>
      ids.flatMap((id, at) => {
        const rule = known.get(id);
        const path = ['rules', part, at];
        if (rule === undefined)
          return [{ path, message: `no rule "${id}" was found in the source`, hint: '"caravan rules" lists them' }];
        if (part !== 'quarantine' || rule.inline === true) return [];
        return [
          { path, message: `rows that break "${id}" are not told apart while they are copied`, hint: 'accept it' },
        ];
      }),
    ),
  );
  return proposals.map((proposal) => {
    const { id } = proposal.rule;
    const by = BY_MAPPING_FILE;
    const rule: Rule = quarantine.includes(id)
      ? { ...proposal.rule, state: 'accepted', by, onBroken: 'quarantine' }
      : accept.includes(id)
        ? { ...proposal.rule, state: 'accepted', by }
        : drop.includes(id)
          ? { ...proposal.rule, state: 'dropped', by }
          : proposal.rule;
    return { ...proposal, rule };
  });
}
