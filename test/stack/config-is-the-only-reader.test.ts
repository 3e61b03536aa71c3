import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ConfigInvalid, readConfig, redactConfig } from '../../config/config.js';
import { doctorChecks } from '../../cli/stack/doctor.js';
import { readTopology } from '../../platform/local-stack/topology.js';
import { QUEUES } from '../../contracts/queues.js';

describe('the configuration', () => {
  test('has documented defaults', () => {
    expect(readConfig({ HOME: '/home/ada' })).toMatchObject({
      home: '/home/ada/.local/share/caravan',
      cacheFolder: '/home/ada/.cache/caravan',
      install: 'auto',
      workers: ['control', 'copy', 'verify', 'notify'],
      temporal: { address: null, namespace: null },
      databaseUrl: null,
      autoApproveRisk: null,
    });
    expect(readConfig({ XDG_DATA_HOME: '/data' }).home).toBe('/data/caravan');
  });

  test('takes an empty variable as an unset one', () => {
    expect(readConfig({ HOME: '/h', CARAVAN_HOME: '', DATABASE_URL: '' })).toMatchObject({ databaseUrl: null });
  });

  test.each([
    ['CARAVAN_INSTALL', 'sometimes'],
    ['CARAVAN_AUTO_APPROVE_RISK', 'low'],
    ['CARAVAN_WORKERS', 'control,boss'],
    ['DATABASE_URL', 'mysql://secret@host/db'],
  ])('names %s when its value is not valid, and does not repeat it', (variable, value) => {
    const read = (): unknown => readConfig({ [variable]: value });
    expect(read).toThrow(ConfigInvalid);
    expect(read).toThrow(variable);
    expect(read).not.toThrow(value);
  });

  test('is frozen and prints no secret', () => {
    const config = readConfig({ HOME: '/h', DATABASE_URL: 'postgres://u:geheim@db/x', CARAVAN_SECRET_KEY: 'geheim' });
    expect(Object.isFrozen(config) && Object.isFrozen(config.temporal) && Object.isFrozen(config.environment)).toBe(
      true,
    );
    expect(JSON.stringify(redactConfig(config))).not.toContain('geheim');
  });

  test('fills the password of the database in from DB_PASSWORD, and says when it is not there', () => {
    const DATABASE_URL = 'postgresql://orchestration:${DB_PASSWORD}@postgres:5432/orchestration';
    const config = readConfig({ HOME: '/h', DATABASE_URL, DB_PASSWORD: 'p@ss/word' });
    expect(config.databaseUrl).toBe('postgresql://orchestration:p%40ss%2Fword@postgres:5432/orchestration');
    expect(JSON.stringify(redactConfig(config))).not.toContain('p%40ss');
    expect(() => readConfig({ HOME: '/h', DATABASE_URL })).toThrow(ConfigInvalid);
  });

  test('has the documented settings of the engine, and shows them', () => {
    const { engine } = readConfig({ HOME: '/h' });
    expect(engine).toMatchObject({
      maxConcurrentWorkflows: 1000,
      workflowTimeoutSeconds: 86_400,
      agentAllocationTimeoutSeconds: 300,
      checkpointIntervalSeconds: 300,
      sagaCompensationTimeoutSeconds: 600,
      circuitBreakerFailureThreshold: 5,
      eventRetentionHours: 168,
    });
    expect(redactConfig(readConfig({ HOME: '/h' }))['engine']).toEqual(engine);
    expect(() => readConfig({ HOME: '/h', EVENT_RETENTION_HOURS: '0' })).toThrow(ConfigInvalid);
  });
});

test('the queues of temporal-dev.yaml are those of the contracts', () => {
  expect(readTopology().taskQueues).toEqual(QUEUES);
});

test('the doctor names what is missing and the command that mends it', async () => {
  const config = readConfig({
    HOME: '/nowhere',
    PATH: '/nowhere',
    CARAVAN_INSTALL: 'never',
    REDIS_URL: 'redis://127.0.0.1:1',
  });
  const checks = await doctorChecks(config);
  expect(checks.find(({ name }) => name === 'temporal')).toMatchObject({
    ok: false,
    mend: expect.stringContaining('pip install') as string,
  });
  expect(checks.find(({ name }) => name === 'redis')).toMatchObject({
    ok: false,
    seen: '127.0.0.1:1 of the environment does not answer',
  });
});

describe('the doctor, of the cluster that KUBERNETES_CONFIG_PATH names', () => {
  const folder = mkdtempSync(join(tmpdir(), 'caravan-kube-'));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const looked = async (text: string): Promise<unknown> => {
    const path = join(folder, 'kube.yaml');
    writeFileSync(path, text);
    const config = readConfig({
      HOME: '/nowhere',
      PATH: '/nowhere',
      CARAVAN_INSTALL: 'never',
      KUBERNETES_CONFIG_PATH: path,
    });
    return (await doctorChecks(config)).find(({ name }) => name === 'kubernetes');
  };
  const contexts = 'contexts: [{name: prod, context: {cluster: one, user: ada}}]';
  const users = 'users: [{name: ada, user: {token: s3cret}}]';
  const clusters = 'clusters: [{name: one, cluster: {server: "https://k8s.example.org:6443"}}]';

  test('says where the current context leads, and no credential', async () => {
    expect(await looked([contexts, clusters, users, 'current-context: prod'].join('\n'))).toEqual({
      name: 'kubernetes',
      ok: true,
      seen: 'context "prod" at k8s.example.org:6443',
      mend: null,
    });
  });

  test('says what is wrong with the file, and what mends it', async () => {
    const mend = expect.stringContaining('KUBERNETES_CONFIG_PATH') as string;
    const of = (seen: string): object => ({ ok: false, seen: expect.stringContaining(seen) as string, mend });
    expect(await looked([contexts, clusters, 'current-context: test'].join('\n'))).toMatchObject(of('no cluster'));
    expect(await looked([contexts, clusters].join('\n'))).toMatchObject(of('no kubeconfig'));
    expect(await looked('a: [')).toMatchObject(of('no kubeconfig'));
    const config = readConfig({
      HOME: '/nowhere',
      PATH: '/nowhere',
      CARAVAN_INSTALL: 'never',
      KUBERNETES_CONFIG_PATH: '/nowhere/kube',
    });
    const checks = await doctorChecks(config);
    expect(checks.find(({ name }) => name === 'kubernetes')).toMatchObject(of('cannot be read (ENOENT)'));
  });
});
