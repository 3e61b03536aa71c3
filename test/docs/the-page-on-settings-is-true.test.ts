import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SETTINGS, readConfig } from '../../config/config.js';
import { packageFolder } from '../../platform/local-stack/package-folder.js';

const page = readFileSync(join(packageFolder(), 'docs', 'settings.md'), 'utf8');
const rows = new Map(
  [...page.matchAll(/^\| `([A-Z_]+)` *\| (.*?) *\|/gmu)].map(([, name = '', otherwise = '']) => [name, otherwise]),
);

describe('the page on settings', () => {
  it('has a row for every variable that is read, and no other', () => {
    expect([...rows.keys()].sort()).toEqual([...SETTINGS].sort());
  });

  it('says the defaults that hold', () => {
    const { engine, api, logLevel, install } = readConfig({});
    const held: Readonly<Record<string, number | string>> = {
      MAX_CONCURRENT_WORKFLOWS: engine.maxConcurrentWorkflows,
      WORKFLOW_TIMEOUT_HOURS: engine.workflowTimeoutSeconds / 3600,
      AGENT_ALLOCATION_TIMEOUT_SECONDS: engine.agentAllocationTimeoutSeconds,
      CHECKPOINT_INTERVAL_MINUTES: engine.checkpointIntervalSeconds / 60,
      CIRCUIT_BREAKER_FAILURE_THRESHOLD: engine.circuitBreakerFailureThreshold,
      SAGA_COMPENSATION_TIMEOUT_SECONDS: engine.sagaCompensationTimeoutSeconds,
      EVENT_RETENTION_HOURS: engine.eventRetentionHours,
      CARAVAN_AGENT_LEASE_SECONDS: engine.agentLeaseSeconds,
      CARAVAN_API_HOST: `\`${api.host}\``,
      CARAVAN_LOG_LEVEL: `\`${logLevel}\``,
      CARAVAN_INSTALL: `\`${install}\``,
    };
    expect(Object.fromEntries(Object.keys(held).map((name) => [name, rows.get(name)]))).toEqual(
      Object.fromEntries(Object.entries(held).map(([name, value]) => [name, String(value)])),
    );
  });
});
