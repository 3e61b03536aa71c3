import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../config/config.js';
import type { AgentRegistration, RunTask, RunTaskContext } from '../../contracts/agents.js';
import { AGENT_FORGOTTEN_SECONDS, BUILT_IN_AGENTS } from '../../contracts/agents.js';
import { FAILURES } from '../../contracts/failures.js';
import { checkDefinition } from '../../language/definition.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(`${root}/docs/agents.md`, 'utf8');
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))].map(([, text]) => text ?? '');

/** The compiler holds these lists to the contract. */
const FIELDS = {
  ...({ executionId: 0, taskId: 0, attempt: 0, agentType: 0, input: 0, context: 0 } satisfies Record<keyof RunTask, 0>),
  ...({
    workflowId: 0,
    workflowName: 0,
    agent: 0,
    purpose: 0,
    output: 0,
    undoes: 0,
    idempotencyKey: 0,
    part: 0,
    partOf: 0,
    shared: 0,
  } satisfies Record<keyof RunTaskContext, 0>),
  ...({
    id: 0,
    type: 0,
    capabilities: 0,
    version: 0,
    taskQueue: 0,
    resources: 0,
    heartbeatSeconds: 0,
  } satisfies Record<keyof AgentRegistration, 0>),
};

describe('the page on agents', () => {
  it('names every field of the contract, every built-in agent and the settings as they are', () => {
    const names = [...Object.keys(FIELDS), ...BUILT_IN_AGENTS];
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
    const { agentLeaseSeconds, agentAllocationTimeoutSeconds } = readConfig({}).engine;
    expect(page).toContain(`${String(agentLeaseSeconds)} s\nunless the operator sets`);
    expect(page).toContain(`\`AGENT_ALLOCATION_TIMEOUT_SECONDS\` (${String(agentAllocationTimeoutSeconds)})`);
    expect(page).toContain(`After ${String(AGENT_FORGOTTEN_SECONDS)} s it is forgotten`);
  });

  it('shows the examples as they are, and a definition that is valid', () => {
    expect(blocks('ts')).toEqual([readFileSync(`${root}/examples/agents/typescript/agent.ts`, 'utf8')]);
    expect(blocks('python')).toEqual([readFileSync(`${root}/examples/agents/python/agent.py`, 'utf8')]);
    expect(blocks('yaml').map((text) => checkDefinition(text).problems)).toEqual([[]]);
  });

  it('names failures that there are', () => {
    const named = [...page.matchAll(/failures\/([A-Z_]+)\.md/g)].map(([, code]) => code ?? '');
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((code) => !Object.hasOwn(FAILURES, code))).toEqual([]);
  });
});
