import { UPDATES } from '../../contracts/messages.js';
import { sentenceOf } from '../../contracts/rules-text.js';
import type { KeptRule } from '../../platform/store/store.js';
import type { Api, ApiParts } from '../http/api.js';
import { commandHeaders } from '../http/idempotency.js';
import { problems } from '../http/problems.js';
import { requireKnown, teller } from './handle.js';
import * as schemas from './rule-schemas.js';
import { done, params } from './schemas.js';

const base = '/api/v1/migrations/:id/rules';
const tags = ['migrations'];

/** Business rules: what was found, and what people say of it. Values that a rule lists are not told here. */
export function ruleRoutes(api: Api, parts: ApiParts): void {
  api.get(
    base,
    {
      config: { action: 'read' },
      schema: {
        operationId: 'listRules',
        tags,
        summary: 'Business rules that were found in its source, the surest first',
        params,
        response: { 200: schemas.rules, ...problems(404) },
      },
    },
    async ({ params: { id } }) => {
      await requireKnown(parts, id);
      return { rules: (await parts.store.rules.list(id)).map(shown) };
    },
  );
  const common = { tags, params: schemas.ruleParams, headers: commandHeaders };
  const response = { 200: done, ...problems(404, 409) };
  const config = { action: 'decide' } as const;
  const tell = teller(parts);
  api.post(
    `${base}/:rule/accept`,
    {
      config,
      schema: {
        ...common,
        operationId: 'acceptRule',
        summary: 'Accepts a rule: from now on it is enforced',
        body: schemas.acceptRuleBody,
        response,
      },
    },
    ({ params: { id, rule: ruleId }, body: { reason, on_broken: onBroken }, caller: { subject: by } }) =>
      tell(id, 'acceptRule', { name: UPDATES.acceptRule, message: { ruleId, by, reason, onBroken } }),
  );
  api.post(
    `${base}/:rule/drop`,
    {
      config,
      schema: {
        ...common,
        operationId: 'dropRule',
        summary: 'Drops a rule: it was a false alarm',
        body: schemas.dropRuleBody,
        response,
      },
    },
    ({ params: { id, rule: ruleId }, body: { reason }, caller: { subject: by } }) =>
      tell(id, 'dropRule', { name: UPDATES.dropRule, message: { ruleId, by, reason } }),
  );
}

function shown({ rule, checked }: KeptRule): schemas.ShownRule {
  const { id, kind, table, columns, why, origin, state, confidence, support, sample, onBroken, by, reason } = rule;
  return {
    ...{ id, kind, table, why, origin, state, confidence, support, sample },
    columns: [...columns],
    says: sentenceOf(rule),
    counter_examples: rule.counterExamples,
    inline: rule.inline ?? false,
    ...(onBroken && { on_broken: onBroken }),
    ...(by !== undefined && { by }),
    ...(reason !== undefined && { reason }),
    ...(checked && {
      checked: {
        source_rows: checked.sourceRows,
        source_broken: checked.sourceBroken,
        target_rows: checked.targetRows,
        target_broken: checked.targetBroken,
      },
    }),
  };
}
