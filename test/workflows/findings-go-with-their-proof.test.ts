import { describe, expect, it } from 'vitest';
import type { Finding } from '../../contracts/migration.js';
import { MigrationState } from '../../workflows/migration/state.js';

function finding(id: string, code: Finding['code'], more: Partial<Finding> = {}): Finding {
  return { id, code, kind: 'behavioural', object: id, count: 2, disposition: 'open', detail: '', ...more };
}

const SLOW = finding('query_slower:1', 'query_slower', { disposition: 'listed' });
const DIFFERS = finding('query_differs:data', 'query_differs');
const RULE = finding('rule_differs:1', 'rule_differs');
const COPIED = finding('rows_quarantined:t.a:x', 'rows_quarantined');

describe('What checks found', () => {
  const after = (equal: boolean, ...found: Finding[]): MigrationState => {
    const state = new MigrationState();
    state.addFindings([SLOW, DIFFERS, RULE, COPIED]);
    state.addFindings(found);
    state.forgetChecks({ equal, findings: found });
    return state;
  };
  const ids = ({ findings }: MigrationState): string[] => findings.map(({ id }) => id);

  it('and the next proof does not find any more, waits for nobody', () => {
    expect(ids(after(true, RULE))).toEqual([RULE.id, COPIED.id]);
    expect(after(true).openFindings()).toEqual([COPIED]);
  });

  it('stays as it is told anew', () => {
    const fewer = { ...DIFFERS, count: 1 };
    expect(after(true, SLOW, fewer, RULE).findings).toEqual([SLOW, fewer, RULE, COPIED]);
  });

  it('stays while rows differ, for then no check ran', () => {
    expect(ids(after(false))).toEqual([SLOW.id, DIFFERS.id, RULE.id, COPIED.id]);
  });

  it('is gone where it was repaired', () => {
    expect(ids(after(false, { ...DIFFERS, disposition: 'repaired' }))).toEqual([SLOW.id, RULE.id, COPIED.id]);
  });

  it('is to be accepted again where it went and came back', () => {
    const state = after(true, RULE);
    state.acceptFinding(RULE.id, 'ann', 'known');
    state.forgetChecks({ equal: true, findings: [] });
    state.addFindings([RULE]);
    expect(state.openFindings().map(({ id }) => id)).toContain(RULE.id);
  });
});
