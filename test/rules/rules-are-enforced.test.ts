import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../contracts/migration.js';
import type { Rule } from '../../contracts/rules.js';
import { activitiesOf } from '../migration/faults-harness.js';
import type { MigrationView, StackView, TestFolder } from '../migration/fixtures.js';
import { startMigrate, testFolder, uniqueId, viewStack } from '../migration/fixtures.js';
import type { Ran, TestDatabase } from '../migration/harness.js';
import { caravan, freshDatabase } from '../migration/harness.js';
import { nameOf } from './rule-fixtures.js';

/** 200 orders with three lines each. Of the orders one is of the future, two have a wrong total, one a status of its own. */
const SHOP = `
  CREATE TABLE orders (order_id INTEGER PRIMARY KEY, placed_on DATE, status TEXT, gross_total NUMERIC(10,2), mail TEXT);
  CREATE TABLE lines (line_id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders, qty INTEGER, unit_price NUMERIC(10,2));
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
  INSERT INTO orders SELECT i, CASE i WHEN 77 THEN '2098-05-06' ELSE date('2024-01-01', '+' || i || ' days') END,
    CASE i WHEN 13 THEN 'zq-private-status' WHEN 14 THEN NULL ELSE CASE i % 3 WHEN 0 THEN 'open' WHEN 1 THEN 'paid' ELSE 'sent' END END,
    CASE WHEN i IN (5, 6) THEN 1000 ELSE 3 * 2 * (i % 7 + 1) END, 'customer' || i || '@example.org' FROM n;
  INSERT INTO lines SELECT order_id * 10 + k, order_id, 2, order_id % 7 + 1 FROM orders, (SELECT 1 AS k UNION SELECT 2 UNION SELECT 3);`;

/** Half of its totals are wrong: nothing in it says that they ought to be right. */
const LATER = `
  CREATE TABLE orders (order_id INTEGER PRIMARY KEY, gross_total NUMERIC(10,2));
  CREATE TABLE lines (line_id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders, qty INTEGER, unit_price NUMERIC(10,2));
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
  INSERT INTO orders SELECT i, CASE WHEN i % 3 = 0 THEN 1000 ELSE 4 END FROM n;
  INSERT INTO lines SELECT order_id, order_id, 2, 2 FROM orders;`;

interface ListedRules {
  readonly rules: readonly (Rule & { readonly says: string; readonly checked?: unknown })[];
}

describe('Business rules', () => {
  let view: StackView;
  let folder: TestFolder;
  let target: TestDatabase;
  let migration: MigrationView;
  let rules: Map<string, Rule>;
  let ran: Ran;
  let beforeDrop: readonly Finding[] = [];
  let planText = '';
  let id = '';
  const refusals: string[] = [];

  const rulesOf = async (of: string): Promise<readonly Rule[]> =>
    view.migration(of).handle.query<readonly Rule[]>('rules');
  const idOf = (name: string): string => rules.get(name)?.id ?? `no rule ${name} among ${[...rules.keys()].join(' ')}`;
  const accept = async (name: string, more: object = {}): Promise<void> => {
    await migration.handle.executeUpdate('acceptRule', { args: [{ ruleId: idOf(name), by: 'ann', ...more }] });
  };
  const refused = async (update: string, message: object): Promise<string> => {
    const thrown: unknown = await migration.handle
      .executeUpdate(update, { args: [message] })
      .catch((error: unknown) => error);
    return String((thrown as { cause?: unknown }).cause);
  };

  beforeAll(async () => {
    view = await viewStack();
    folder = testFolder();
    target = await freshDatabase();
    const running = startMigrate({ source: folder.sqlite('shop', SHOP), target: target.url });
    id = running.id;
    migration = view.migration(id);
    await migration.waits('planning');
    rules = new Map((await rulesOf(id)).map((rule) => [nameOf(rule), rule]));
    planText = (await migration.plan())?.yaml ?? '';
    refusals.push(await refused('acceptRule', { ruleId: idOf('sum_of_lines(gross_total)'), by: '--yes' }));
    refusals.push(await refused('acceptRule', { ruleId: 'ffffffffffffffff', by: 'ann' }));
    refusals.push(
      await refused('acceptRule', { ruleId: idOf('sum_of_lines(gross_total)'), by: 'ann', onBroken: 'quarantine' }),
    );
    const accepted = await caravan([
      'rules',
      'accept',
      id,
      idOf('sum_of_lines(gross_total)'),
      '--by',
      'ann',
      '--reason',
      'books',
    ]);
    expect(accepted.exit, accepted.stderr).toBe(0);
    await accept('one_of(status)');
    await accept('not_in_future(placed_on)', { onBroken: 'quarantine' });
    await migration.handle.executeUpdate('dropRule', { args: [{ ruleId: idOf('format:email(mail)'), by: 'bob' }] });
    refusals.push(await refused('dropRule', { ruleId: idOf('format:email(mail)'), by: 'ann' }));
    await migration.handle.executeUpdate('approvePlan', {
      args: [{ planHash: (await migration.plan())?.planHash, by: 'ann' }],
    });
    // The order of the future is in quarantine, which somebody must accept: both sides were looked at by then.
    await migration.waits('verification');
    await accept('not_negative(unit_price)');
    beforeDrop = await migration.findings();
    await migration.handle.executeUpdate('dropRule', { args: [{ ruleId: idOf('one_of(status)'), by: 'bob' }] });
    refusals.push(await refused('dropRule', { ruleId: idOf('not_in_future(placed_on)'), by: 'ann' }));
    for (const { id: findingId, disposition } of await migration.findings()) {
      if (disposition !== 'open') continue;
      await migration.handle.executeUpdate('acceptFinding', { args: [{ findingId, by: 'ann', reason: 'known' }] });
    }
    ran = await running.ended;
  }, 180_000);
  afterAll(async () => {
    folder.remove();
    await target.drop();
    await view.close();
  });

  it('are found in the source, with how many rows were looked at and how many break them', () => {
    const seen = (name: string): unknown => rules.get(name);
    expect(seen('sum_of_lines(gross_total)')).toMatchObject({
      support: 200,
      counterExamples: 2,
      sample: 1,
      state: 'proposed',
      origin: 'mined',
    });
    expect(seen('one_of(status)')).toMatchObject({ support: 199, counterExamples: 1 });
    expect(seen('not_in_future(placed_on)')).toMatchObject({ support: 200, counterExamples: 1, inline: true });
    expect(planText).toContain(
      `# - ${idOf('sum_of_lines(gross_total)')} (proposed): main.orders.gross_total is the sum of`,
    );
  });

  it('are decided about by people, once, and by what is possible', () => {
    expect(refusals[0]).toContain('INPUT_INVALID');
    expect(refusals[1]).toContain('NOT_NOW');
    expect(refusals[2]).toContain('can only be listed');
    expect(refusals[3]).toContain('ALREADY_DECIDED');
    expect(refusals[4]).toContain('in quarantine already');
  });

  it('are enforced: rows that break them are listed, or stay out of the target', async () => {
    expect(ran.exit, ran.stderr).toBe(3);
    const found = ran.json.findings.map(({ code, object, count, disposition }) => [code, object, count, disposition]);
    expect(found).toContainEqual(['rule_broken', 'main.orders.gross_total', 2, 'listed']);
    const status = `rule_broken:${idOf('one_of(status)')}`;
    expect(beforeDrop).toContainEqual(expect.objectContaining({ id: status, count: 1, disposition: 'listed' }));
    expect(
      found.map(([, object]) => object),
      'it was dropped after it was checked',
    ).not.toContain('main.orders.status');
    expect(found).toContainEqual(['rows_quarantined', 'main.orders.placed_on', 1, 'accepted']);
    const [counted] = await target.query('SELECT count(*)::int AS rows, max(placed_on)::text AS last FROM orders');
    expect(counted).toEqual({ rows: 199, last: '2024-07-19' });
    expect(ran.json.tables.find(({ source }) => source === 'main.orders')).toMatchObject({
      sourceRows: 200,
      targetRows: 199,
      quarantinedRows: 1,
    });
  });

  it('stand in the certificate: what was held against which rows, and what is not so', () => {
    const certificate = readFileSync(ran.json.certificate ?? '', 'utf8');
    expect(certificate).toContain('main.lines.unit_price is not negative');
    expect(certificate).toContain('1 rows of the source break it, and no row of the target');
    expect(certificate).toMatch(/2 of 200 rows of the source break it, and 2 of 199 of the target/);
    expect(certificate).not.toMatch(/an e-mail address|main\.orders\.status is one of/);
  });

  it('keep values and keys sealed: the command shows them when asked, and no history holds one', async () => {
    const plain = await caravan(['rules', id, '--json']);
    const listed = JSON.parse(plain.stdout) as ListedRules;
    const sum = listed.rules.find(({ id: rule }) => rule === idOf('sum_of_lines(gross_total)'));
    expect(sum).toMatchObject({
      state: 'accepted',
      by: 'ann',
      reason: 'books',
      checked: { sourceBroken: 2, targetBroken: 2, targetRows: 199 },
    });
    expect(plain.stdout).not.toMatch(/zq-private|brokenKeys/);
    const revealed = await caravan(['rules', id, '--reveal']);
    expect(revealed.stdout).toContain(`${idOf('sum_of_lines(gross_total)')} in rows: ("5") ("6")`);
    expect(revealed.stdout).toContain(`${idOf('one_of(status)')} broken by: ("zq-private-status")`);
    for (const workflow of [id, `${id}/planning`, `${id}/verification`]) {
      const { events } = await view.client.workflow.getHandle(workflow).fetchHistory();
      expect(JSON.stringify(events?.map((event) => Object.values(event).map((part) => textOf(part))))).not.toContain(
        'zq-private',
      );
    }
    expect(await activitiesOf(view.client, id)).toContainEqual(
      expect.objectContaining({ activity: 'decideRule', type: 'completed' }),
    );
  });

  it('teach: a later migration of such a database hears of what was right, and "--yes" accepts none of it', async () => {
    const other = await freshDatabase();
    try {
      const later = startMigrate({ source: folder.sqlite('later', LATER), target: other.url }, '--yes');
      const ended = await later.ended;
      expect(ended.exit, ended.stderr).toBe(0);
      const rule = (await rulesOf(later.id)).find((one) => nameOf(one) === 'sum_of_lines(gross_total)');
      expect(rule).toMatchObject({ origin: 'library', state: 'proposed', support: 60, counterExamples: 20 });
      expect(ended.json.findings).toEqual([]);
    } finally {
      await other.drop();
    }
  }, 60_000);

  it('are found by a proof of what stands, too, and those of a mapping file are held against both sides', async () => {
    await target.query('UPDATE lines SET unit_price = -1 WHERE line_id = 11');
    // In quotes: an id such as 72e0779390198761 is a number in YAML.
    const accepted = ['sum_of_lines(gross_total)', 'not_negative(unit_price)'].map((name) => `'${idOf(name)}'`);
    const mapping = folder.write('rules.yaml', `caravan_mapping: 1\nrules: {accept: [${accepted.join(', ')}]}\n`);
    const again = folder.sqlite(uniqueId('shop'), SHOP);
    const verify = ['verify', '--source', again, '--target', target.url, '--mapping', mapping, '--json'];
    const { exit, json, stderr } = await caravan(verify);
    expect(exit, stderr).toBe(3);
    const found = json.findings.map(({ code, object, count, disposition }) => [code, object, count, disposition]);
    // The price below zero is the target's own, and makes a third total wrong.
    expect(found).toContainEqual(['rule_differs', 'main.lines.unit_price', 1, 'listed']);
    expect(found).toContainEqual(['rule_differs', 'main.orders.gross_total', 3, 'listed']);
    expect(found.filter(([code]) => String(code).startsWith('rule_'))).toHaveLength(2);
    const { stdout } = await caravan(['rules', json.migrationId, '--json']);
    const states = (JSON.parse(stdout) as ListedRules).rules.map((rule) => [nameOf(rule), rule.state]);
    expect(states).toContainEqual(['one_of(status)', 'proposed']);
    expect(states).toContainEqual(['not_negative(unit_price)', 'accepted']);
    expect(readFileSync(json.certificate ?? '', 'utf8')).toContain('main.lines.unit_price is not negative');
  }, 60_000);
});

/** All text of an event, its payloads' bytes as well. */
function textOf(part: unknown): string {
  if (part instanceof Uint8Array) return Buffer.from(part).toString();
  if (typeof part !== 'object' || part === null) return String(part);
  return Object.values(part).map(textOf).join(' ');
}
