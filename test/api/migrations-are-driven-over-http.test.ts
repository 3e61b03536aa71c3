import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseEndpointUrl } from '../../platform/secrets/endpoint-url.js';
import { viewEngine } from '../engine/engine-harness.js';
import type { EngineView } from '../engine/engine-harness.js';
import { testFolder } from '../migration/fixtures.js';
import type { TestFolder } from '../migration/fixtures.js';
import { caravan, freshDatabase, leftovers, until } from '../migration/harness.js';
import type { TestDatabase } from '../migration/harness.js';
import { raw, startApi, tokenOf } from './api-harness.js';
import type { TestApi } from './api-harness.js';
import type { OpenApiClient } from './openapi-client.js';

/** A question (seconds or a number?), a row without its parent (a constraint that cannot be valid), a price below zero. */
const DIRTY = `
  CREATE TABLE place (id INTEGER PRIMARY KEY);
  CREATE TABLE visit (id INTEGER PRIMARY KEY, seen DATETIME, place INTEGER REFERENCES place);
  CREATE TABLE sale (id INTEGER PRIMARY KEY, price INTEGER);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
  INSERT INTO sale SELECT i, CASE i WHEN 7 THEN -1 ELSE i * 3 END FROM n;
  INSERT INTO place VALUES (1);
  INSERT INTO visit VALUES (1, 1700000000, 1), (2, 1700003600, 99);`;
const CLEAN = `CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT); INSERT INTO note VALUES (1, 'a'), (2, 'b');`;

describe('a migration over HTTP', () => {
  let engine: EngineView;
  let api: TestApi;
  let folder: TestFolder;
  const run = randomBytes(4).toString('hex');
  let tries = 0;
  const targets: TestDatabase[] = [];

  beforeAll(async () => {
    engine = await viewEngine();
    api = await startApi();
    folder = testFolder();
  });
  // A test that is tried again finds none of the names that it gave before.
  beforeEach(async () => {
    tries += 1;
    for (const [name, script] of Object.entries({ dirty: DIRTY, clean: CLEAN }))
      await connect(name, folder.sqlite(named(name), script));
  });
  afterAll(async () => {
    folder.remove();
    const mine = (await engine.store.connections.list()).filter(({ name }) => name.startsWith(`api-${run}`));
    for (const { name } of mine) await engine.store.connections.remove(name);
    for (const target of targets) await target.drop();
    await api.stop();
    await engine.close();
  });

  const named = (name: string): string => `api-${run}-${String(tries)}-${name}`;
  const connect = (name: string, url: string): Promise<void> =>
    engine.store.connections.put(named(name), parseEndpointUrl(url));
  const freshTarget = async (name: string): Promise<TestDatabase> => {
    const target = await freshDatabase();
    targets.push(target);
    await connect(name, target.url);
    return target;
  };
  const start = async (source: string, target: string): Promise<string> => {
    const body = { source: named(source), target: named(target) };
    const answer = await (await api.as('operator', 'oscar')).call('startMigration', { body });
    expect(answer.status, JSON.stringify(answer.body)).toBe(202);
    return answer.body.migration_id;
  };
  /** A busy worker may leave a question unanswered: then little is told, and it is asked again. */
  const get = async (id: string) => {
    let { body } = await api.client.call('getMigration', { params: { id } });
    await until(`the migration tells itself: ${JSON.stringify(body)}`, async () => {
      if (body.findings !== null) return true;
      ({ body } = await api.client.call('getMigration', { params: { id } }));
      return false;
    });
    return body;
  };
  const reaches = (id: string, ...statuses: string[]): Promise<void> =>
    until(
      `the migration is ${statuses.join(' or ')}`,
      async () => statuses.includes(String((await get(id)).status)),
      60_000,
    );
  const commandOf =
    (id: string) =>
    async (operation: string, body: object, as = api.client) => {
      const { status, body: answer } = await as.call(operation, { params: { id }, body });
      return [status, status < 400 ? 'done' : answer.code];
    };

  /** That prices are not below zero. It is mined while the plan is made. */
  const aRule = async (id: string): Promise<string> => {
    const { rules } = (await api.client.call('listRules', { params: { id } })).body;
    const found = rules.find(({ says }) => says.includes('price'));
    expect(found?.state, JSON.stringify(rules)).toBe('proposed');
    return found?.id ?? '';
  };
  /** What the certificate names can be had, byte by byte, and nothing else of its folder or beside it. */
  const evidenceIsWhole = async (id: string): Promise<void> => {
    const { files } = (await api.client.call('listEvidence', { params: { id } })).body;
    expect(files.map(({ name }) => name)).toContain('tables.json');
    const headers = { authorization: `Bearer ${await tokenOf('viewer')}` };
    for (const { name, bytes, sha256 } of files) {
      expect((await api.client.call('getEvidence', { params: { id, name } })).status).toBe(200);
      const path = `/api/v1/migrations/${encodeURIComponent(id)}/evidence/${name}`;
      const { text } = await raw(`${api.url}${path}`, { headers });
      expect([Buffer.byteLength(text), createHash('sha256').update(text).digest('hex')]).toEqual([bytes, sha256]);
    }
    for (const name of ['../../certificate-key.pem', '..', 'other.json', `../${id}.json`])
      expect((await api.client.call('getEvidence', { params: { id, name } })).status, name).toBe(404);
  };

  it('is started, asked, answered, approved, accepted and proven, with who did it', async () => {
    const target = await freshTarget('whole');
    const id = await start('dirty', 'whole');
    const command = commandOf(id);
    const [operator, approver] = [await api.as('operator', 'oscar'), await api.as('approver', 'ada')];
    await until('a question is there', async () => (await get(id)).questions.length > 0, 60_000);
    await reaches(id, 'waiting');
    const waiting = await get(id);
    expect(waiting).toMatchObject({
      status: 'waiting',
      phase: 'discovery',
      waits_for: [expect.stringContaining('Question') as string],
    });
    const [question] = waiting.questions;
    const answer = { question_id: question?.id, option: 'timestamp' };
    expect((await api.client.call('getPlan', { params: { id } })).status).toBe(409);
    expect(await command('answerQuestion', answer, operator)).toEqual([403, 'PERMISSION_DENIED']);
    expect(await command('answerQuestion', { ...answer, option: 'perhaps' }, approver)).toEqual([409, 'NOT_NOW']);
    expect(await command('pauseMigration', { reason: 'lunch' }, operator)).toEqual([200, 'done']);
    expect(await command('answerQuestion', answer, approver)).toEqual([200, 'done']);
    await reaches(id, 'paused');
    expect(await command('resumeMigration', {}, operator)).toEqual([200, 'done']);
    expect(await command('answerQuestion', answer, approver)).toEqual([409, 'ALREADY_DECIDED']);

    await until(
      'a plan waits',
      async () => (await get(id)).plan_hash !== null && (await get(id)).status === 'waiting',
      60_000,
    );
    const plan = (await api.client.call('getPlan', { params: { id } })).body;
    const rule = await aRule(id);
    const decide = async (operation: string, body: object, as: OpenApiClient, what = rule) =>
      (await as.call(operation, { params: { id, rule: what }, body })).status;
    expect(await decide('acceptRule', {}, operator)).toBe(403);
    expect(await decide('acceptRule', { reason: 'it is meant' }, approver, 'ffffffffffffffff')).toBe(409);
    expect(await decide('acceptRule', { reason: 'it is meant' }, approver)).toBe(200);
    expect(await decide('dropRule', {}, approver)).toBe(200);
    expect(await decide('acceptRule', { on_broken: 'list' }, approver)).toBe(200);
    expect(await command('throttleMigration', { rows_per_second: 900_000 }, await api.as('viewer'))).toEqual([
      403,
      'PERMISSION_DENIED',
    ]);
    expect(await command('throttleMigration', { rows_per_second: 900_000 }, operator)).toEqual([200, 'done']);
    const { plan_hash } = plan;
    expect(plan).toMatchObject({
      plan_hash: (await get(id)).plan_hash,
      yaml: expect.stringContaining('visit') as string,
    });
    expect(await command('approvePlan', { plan_hash }, operator)).toEqual([403, 'PERMISSION_DENIED']);
    expect(await command('approvePlan', { plan_hash: 'another' }, approver)).toEqual([409, 'NOT_NOW']);
    const both = await Promise.all([
      command('approvePlan', { plan_hash, reason: 'read it' }, approver),
      command('approvePlan', { plan_hash }, await api.as('approver', 'bob')),
    ]);
    expect(both.map(([status]) => status).sort()).toEqual([200, 409]);

    await until(
      'findings wait',
      async () => (await get(id)).phase === 'verification' && (await get(id)).status === 'waiting',
      60_000,
    );
    const findings = (await get(id)).findings ?? [];
    expect(findings).not.toEqual([]);
    for (const { id: finding_id, disposition } of findings) {
      const accepted = disposition === 'open' ? [200, 'done'] : [409, 'NOT_NOW'];
      expect(await command('acceptFinding', { finding_id, reason: 'known' }, approver)).toEqual(accepted);
    }
    await reaches(id, 'proven_with_exceptions');
    expect(await target.query('SELECT count(*) FROM visit')).toEqual([{ count: '2' }]);
    const certificate = await api.client.call('getCertificate', { params: { id } });
    const file = folder.write('certificate.json', JSON.stringify(certificate.body));
    const verified = await caravan(['certificate', 'verify', file]);
    expect(verified.exit, verified.stderr + verified.stdout).toBe(0);
    await evidenceIsWhole(id);
    const traced = await operator.call('traceRow', { params: { id }, body: { table: 'visit', key: ['2'] } });
    expect([traced.status, traced.body.sourceRow.state], JSON.stringify(traced.body)).toEqual([200, 'there']);
    expect(await command('traceRow', { table: 'nothing', key: ['2'] }, operator)).toEqual([422, 'INPUT_INVALID']);
    expect(await command('traceRow', { table: 'visit', key: ['2'] }, await api.as('viewer'))).toEqual([
      403,
      'PERMISSION_DENIED',
    ]);
    const told = (await api.client.call('listRules', { params: { id } })).body.rules.find((each) => each.id === rule);
    expect(told).toMatchObject({ state: 'accepted', by: 'ada', checked: { target_broken: 1 } });
    const winner = both[0][0] === 200 ? 'ada' : 'bob';
    expect(JSON.stringify(certificate.body)).toContain(`"decision":{"by":"${winner}"`);
    // The list is Temporal's visibility: it follows.
    await until('the list knows', async () => {
      const { migrations } = (await api.client.call('listMigrations')).body;
      return migrations.some((each) => each.migration_id === id && each.status === 'proven_with_exceptions');
    });
    expect(await command('cancelMigration', {})).toEqual([409, 'NOT_NOW']);
  }, 180_000);

  it('is rejected, or cancelled, and leaves nothing', async () => {
    const target = await freshTarget('undone');
    const rejected = await start('clean', 'undone');
    await until('a plan waits', async () => (await get(rejected)).plan_hash !== null, 60_000);
    expect(await commandOf(rejected)('rejectPlan', { reason: 'not now' })).toEqual([200, 'done']);
    await reaches(rejected, 'rejected');
    expect((await api.client.call('getCertificate', { params: { id: rejected } })).status).toBe(409);

    const cancelled = await start('clean', 'undone');
    await until('a plan waits', async () => (await get(cancelled)).plan_hash !== null, 60_000);
    expect(await commandOf(cancelled)('cancelMigration', {})).toEqual([202, 'done']);
    await reaches(cancelled, 'cancelled');
    expect(await leftovers(target)).toEqual([]);
  }, 120_000);

  it('takes names of connections only, and a approval in advance from an approver only', async () => {
    const operator = await api.as('operator');
    const attempts: [object, number, string][] = [
      [{ source: 'mysql://root:hunter2@10.0.0.1/db', target: named('x') }, 422, 'INPUT_INVALID'],
      [{ source: named('clean'), target: 'postgres://u@allowed/db?host=169.254.169.254' }, 422, 'INPUT_INVALID'],
      [{ source: 'sqlite:/etc/passwd', target: named('x') }, 422, 'INPUT_INVALID'],
      [{ source: named('clean') }, 422, 'INPUT_INVALID'],
      [{ source: named('nobody'), target: named('nobody') }, 422, 'CONNECTION_UNKNOWN'],
      [{ source: named('clean'), target: named('nobody'), yes: true }, 403, 'PERMISSION_DENIED'],
    ];
    for (const [body, status, code] of attempts) {
      const answer = await operator.call('startMigration', { body });
      expect([answer.status, answer.body.code], JSON.stringify(body)).toEqual([status, code]);
      expect(JSON.stringify(answer.body)).not.toContain('hunter2');
    }
  });

  it('is started once under an id, and once with a key', async () => {
    await freshTarget('once');
    const body = { source: named('clean'), target: named('once'), dryRun: true, id: named('planned') };
    expect((await api.client.call('startMigration', { body })).status).toBe(202);
    await reaches(body.id, 'planned');
    expect((await api.client.call('startMigration', { body })).body.code).toBe('NOT_NOW');
    const headers = { 'idempotency-key': named('key') };
    const unnamed = { source: body.source, target: body.target, dryRun: true };
    const ids = await Promise.all(
      [1, 2].map(async () => {
        let answer = await api.client.call('startMigration', { body: unnamed, headers });
        await until('the first is answered', async () => {
          if (answer.status === 202) return true;
          answer = await api.client.call('startMigration', { body: unnamed, headers });
          return false;
        });
        return answer.body.migration_id;
      }),
    );
    expect(ids[0]).toBe(ids[1]);
    await reaches(ids[0] ?? '', 'planned');
  });

  it('that is not there, and a workflow that is none, are not found', async () => {
    const other = 'execution/00000000-0000-4000-8000-000000000000';
    for (const id of ['nobody', other]) {
      for (const operation of [
        'getMigration',
        'getPlan',
        'getCertificate',
        'listEvidence',
        'listRules',
        'pauseMigration',
        'cancelMigration',
      ]) {
        const { status, body } = await api.client.call(operation, { params: { id } });
        expect([operation, status, body.code]).toEqual([operation, 404, 'MIGRATION_UNKNOWN']);
      }
    }
  });

  it('takes a mapping file by the id that keeping it gave', async () => {
    const oscar = await api.as('operator', 'oscar');
    const put = (yaml: string) => oscar.call('putMapping', { body: { yaml } });
    const wrong = await put('caravan_mapping: 1\nrenam: {}\n');
    expect(wrong.status).toBe(422);
    expect(wrong.body).toMatchObject({ code: 'MAPPING_INVALID' });
    expect(JSON.stringify(wrong.body)).toContain('line 2, column 1');
    const yaml = 'caravan_mapping: 1\nrename: {tables: {note: memo}}\n';
    const [first, again] = [await put(yaml), await put(yaml)];
    expect(first.status, JSON.stringify(first.body)).toBe(201);
    expect(again.body).toEqual(first.body);
    const body = { source: named('clean'), dryRun: true, mapping: first.body.mapping_id };
    const begun = await oscar.call('startMigration', { body });
    expect(begun.status, JSON.stringify(begun.body)).toBe(202);
    const id = begun.body.migration_id;
    await reaches(id, 'planned');
    let yamlOfPlan = '';
    // A busy worker may refuse a query once.
    await until('the plan is told', async () => {
      const planned = await api.client.call('getPlan', { params: { id } });
      if (planned.status === 200) yamlOfPlan = planned.body.yaml;
      return planned.status === 200;
    });
    expect(yamlOfPlan).toContain('name: memo');
  });
});
