import { chmodSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RowTrace } from '../../contracts/trace.js';
import type { StackView, TestFolder } from './fixtures.js';
import { keptInStore, objectsIn, startMigrate, testFolder, viewStack } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, freshDatabase, leftovers, until } from './harness.js';

const ROWS = 400;

/** A table with a few values and references that PostgreSQL cannot hold as they are; fewer than one in a hundred. */
const DIRTY = `
  CREATE TABLE city (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
  CREATE TABLE person (
    id INTEGER PRIMARY KEY,
    city_id INTEGER REFERENCES city,
    born DATE NOT NULL,
    age INTEGER,
    name TEXT NOT NULL,
    note TEXT,
    score INTEGER CHECK (score >= 0)
  );
  INSERT INTO city VALUES (1, 'Bonn'), (2, 'Köln');
  WITH RECURSIVE n(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < ${String(ROWS)})
  INSERT INTO person SELECT v, 1 + v % 2, '1990-01-' || printf('%02d', 1 + v % 28), v, 'name ' || v, NULL, v FROM n;
  UPDATE person SET born = '2023-02-30' WHERE id = 7;
  UPDATE person SET age = 'about 40' WHERE id = 8;
  UPDATE person SET age = 'cleared' || char(27) || '[2J' WHERE id = 9;
  UPDATE person SET name = 'nul' || char(0) || 'inside' WHERE id = 10;
  UPDATE person SET note = CAST(x'ff41fe' AS TEXT) WHERE id = 11;
  UPDATE person SET city_id = 99 WHERE id IN (12, 13);
  PRAGMA ignore_check_constraints = ON;
  UPDATE person SET score = -1 WHERE id = 14;`;

interface ShownValues {
  readonly place: string;
  readonly total: number;
  readonly more: number;
  readonly entries: readonly {
    readonly key: Readonly<Record<string, { readonly text: string } | undefined>>;
    readonly column: string;
    readonly sealedAt: string;
    readonly value: unknown;
  }[];
}

describe('What cannot be as it was', () => {
  let view: StackView;
  let folder: TestFolder;
  let source: string;
  const targets: TestDatabase[] = [];
  let ran: Ran;
  let migrationId: string;

  const fresh = async (): Promise<TestDatabase> => {
    const target = await freshDatabase();
    targets.push(target);
    return target;
  };

  beforeAll(async () => {
    view = await viewStack();
    folder = testFolder();
    source = folder.sqlite('dirty', DIRTY);
    const target = await fresh();
    const running = startMigrate({ source, target: target.url }, '--yes');
    migrationId = running.id;
    ran = await running.ended;
  });
  afterAll(async () => {
    folder.remove();
    for (const target of targets) await target.drop();
    await view.close();
  });

  // [edge 36 37 57 76]
  it('ends with 3 under --yes, and every exception is named with its count and disposition', () => {
    expect(ran.exit, ran.stderr).toBe(3);
    expect(ran.json.status).toBe('proven_with_exceptions');
    const named = ran.json.findings.map((f) => `${f.code} ${f.object} ${String(f.count)} ${f.disposition}`).sort();
    expect(named).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^check_not_valid .*person.* 1 accepted$/),
        expect.stringMatching(/^foreign_key_not_valid .*person.* 2 accepted$/),
        'not_null_relaxed main.person.born 1 listed',
        'not_null_relaxed main.person.name 1 listed',
        'values_changed main.person.age 2 accepted',
        'values_changed main.person.born 1 accepted',
        'values_changed main.person.name 1 accepted',
        'values_changed main.person.note 1 accepted',
      ]),
    );
    for (const finding of ran.json.findings) expect(finding.disposition).not.toBe('open');
  });

  it('adds up: rows of the source are rows of the target and rows in quarantine', () => {
    for (const table of ran.json.tables) {
      expect(table.sourceRows).toBe(table.targetRows + table.quarantinedRows);
      expect(table.sourceHash).toBe(table.targetHash);
    }
    const person = ran.json.tables.find((table) => table.source === 'main.person');
    expect(person).toMatchObject({ sourceRows: ROWS, targetRows: ROWS, quarantinedRows: 0, changedValues: 5 });
  });

  it('stores NULL, relaxes NOT NULL, and keeps the violated constraints as NOT VALID', async () => {
    const [target] = targets;
    const rows = await target?.query(
      'SELECT id, born IS NULL AS born, age IS NULL AS age, name IS NULL AS name FROM person WHERE id BETWEEN 7 AND 11 ORDER BY id',
    );
    expect(rows).toEqual([
      { id: '7', born: true, age: false, name: false },
      { id: '8', born: false, age: true, name: false },
      { id: '9', born: false, age: true, name: false },
      { id: '10', born: false, age: false, name: true },
      { id: '11', born: false, age: false, name: false },
    ]);
    const constraints = await target?.query(
      "SELECT contype, convalidated FROM pg_constraint WHERE conrelid = 'person'::regclass AND contype IN ('c', 'f') ORDER BY 1",
    );
    expect(constraints).toEqual([
      { contype: 'c', convalidated: false },
      { contype: 'f', convalidated: false },
    ]);
    expect(await target?.query('SELECT city_id FROM person WHERE id IN (12, 13)')).toEqual([
      { city_id: '99' },
      { city_id: '99' },
    ]);
  });

  it('lists every changed value with its key and rule; the values themselves only when asked, and driving no terminal', async () => {
    const listed = await caravan(['values', 'list', migrationId]);
    expect(listed.exit, listed.stderr).toBe(0);
    expect(listed.stdout).toMatch(/^ +2 +changed +main\.person +age +\w+$/mu);
    expect(listed.stdout).toContain('id="9"');
    expect(listed.stdout).not.toMatch(/about 40|cleared/u);
    const chosen = ['--table', 'person', '--column', 'age', '--limit', '1', '--reveal'];
    const shown = await caravan(['values', 'list', migrationId, ...chosen, '--json']);
    const { place, total, more, entries } = JSON.parse(shown.stdout) as ShownValues;
    expect({ place, total, more }).toEqual({ place: 'store', total: 2, more: 1 });
    expect(entries).toMatchObject([{ table: 'main.person', key: { id: { text: '8' } }, value: { text: 'about 40' } }]);
    expect(Date.parse(entries[0]?.sealedAt ?? '')).toBeGreaterThan(Date.now() - 600_000);
    const revealed = await caravan(['values', 'list', migrationId, '--reveal']);
    expect(revealed.stdout).toContain(String.raw`"cleared\x1b[2J"`);
    expect(revealed.stdout).not.toContain('\u001b');
    expect(revealed.stdout).toContain(`base64:${Buffer.from('nul\0inside').toString('base64')}`);
  });

  it('exports them, opened, into a file of its owner alone', async () => {
    const lines = folder.write('values.jsonl', 'an older one, open to all');
    chmodSync(lines, 0o644);
    const exported = await caravan(['values', 'export', migrationId, '--out', lines]);
    expect(exported.exit, exported.stderr).toBe(0);
    expect(statSync(lines).mode & 0o777).toBe(0o600);
    const entries = readFileSync(lines, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as ShownValues['entries'][number]);
    const values = entries.map(
      ({ key, column, value }) => `${key['id']?.text ?? ''} ${column} ${JSON.stringify(value)}`,
    );
    expect(values.sort()).toEqual([
      `10 name ${JSON.stringify({ base64: Buffer.from('nul\0inside').toString('base64') })}`,
      `11 note ${JSON.stringify({ base64: Buffer.from('ff41fe', 'hex').toString('base64') })}`,
      '7 born {"text":"2023-02-30"}',
      '8 age {"text":"about 40"}',
      String.raw`9 age {"text":"cleared\u001b[2J"}`,
    ]);
    const csv = join(folder.path, 'values.csv');
    await caravan(['values', 'export', migrationId, '--out', csv, '--format', 'csv', '--kind', 'changed']);
    expect(readFileSync(csv, 'utf8')).toMatch(
      /^changed,main\.person,"\{""id"":\{""text"":""8""\}\}",age,\w+,[^,]+,text,about 40\r$/mu,
    );
    const nowhere = await caravan(['values', 'export', migrationId, '--out', join(folder.path, 'no', 'folder')]);
    expect(nowhere.exit).toBe(2);
  });

  it('traces a row through chunk, transforms and ledger, and reads both sides again; values only when asked', async () => {
    const row = ['--table', 'public.person', '--key', '8'];
    const ends = ['--source', source, '--target', targets[0]?.url ?? ''];
    const [alone, both, plain, nobody, unseen] = await Promise.all([
      caravan(['trace', migrationId, ...row, '--json']),
      caravan(['trace', migrationId, ...row, ...ends, '--reveal', '--json']),
      caravan(['trace', migrationId, '--table', 'person', '--key', '1', ...ends]),
      caravan(['trace', migrationId, '--table', 'main.person', '--key', '99999', ...ends]),
      caravan(['trace', migrationId, '--table', 'person', '--key', '1']),
    ]);
    expect(alone.exit, alone.stderr).toBe(0);
    const traced = JSON.parse(alone.stdout) as RowTrace;
    expect(traced).toMatchObject({
      source: 'main.person',
      target: 'public.person',
      place: 'promoted',
      chunks: 1,
      chunk: { chunk: 0, epoch: 1, rows: ROWS },
      proof: { sourceRows: ROWS, targetRows: ROWS },
      entries: [{ kind: 'changed', column: 'age' }],
      sourceRow: { state: 'not read' },
      targetRow: { state: 'not read' },
    });
    expect(traced.chunk?.committedAt).toMatch(/^\d{4}-.*Z$/u);
    expect(traced.provenAt?.position).toMatch(/^sha256 /u);
    expect(traced.columns.find(({ source: name }) => name === 'born')).toMatchObject({
      declared: 'DATE',
      type: 'date',
    });
    expect(alone.stdout).not.toContain('about 40');
    const revealed = JSON.parse(both.stdout) as RowTrace;
    expect(both.exit, both.stderr).toBe(0);
    expect(revealed).toMatchObject({ sourceRow: { state: 'there' }, targetRow: { state: 'there' } });
    expect(revealed.entries).toMatchObject([{ value: { text: 'about 40' } }]);
    expect(revealed.fields).toContainEqual({ column: 'age', state: 'ledgered', source: 'about 40', target: null });
    expect(revealed.fields).toContainEqual({ column: 'name', state: 'equal', source: 'name 8', target: 'name 8' });
    expect(plain.exit, plain.stderr).toBe(0);
    expect(plain.stdout).toMatch(/Chunk +1 of 1, the whole table, committed .+, attempt 1, 400 rows/u);
    expect(plain.stdout).toMatch(/Both now +equal in all 7 columns/u);
    expect(plain.stdout).not.toContain('name 1');
    expect(nobody.exit, 'no such row').toBe(1);
    expect(unseen.exit, 'nobody looked for the row itself').toBe(0);
    expect(unseen.stderr).toContain('To see the row: --source URL --target URL');
    expect(unseen.stdout).not.toContain('stored as it was');
  });

  it('keeps the original bytes of every changed value, until purge', async () => {
    expect(await keptInStore(view, 'archive', migrationId)).toBe(5);
    const purged = await caravan(['purge', migrationId]);
    expect(purged.exit, purged.stderr).toBe(0);
    expect(await keptInStore(view, 'archive', migrationId)).toBe(0);
    expect((await caravan(['purge', migrationId])).exit, 'nothing is known of it any more').toBe(2);
    const gone = await caravan(['values', 'list', migrationId]);
    expect(gone.exit).toBe(2);
    expect(gone.stderr).toContain('it was purged: the values that it could not store are gone');
  });

  it.concurrent(
    'waits for "caravan accept" without --yes',
    async () => {
      const target = await fresh();
      const own = folder.sqlite('mended', DIRTY);
      const running = startMigrate({ source: own, target: target.url });
      const migration = view.migration(running.id);
      await migration.waits();
      while ((await migration.questions()).some((question) => question.answer === undefined)) {
        const [open] = (await migration.questions()).filter((question) => question.answer === undefined);
        const answered = await caravan(['answer', running.id, open?.id ?? '', open?.default ?? '']);
        expect(answered.exit, answered.stderr).toBe(0);
      }
      await migration.waits('planning');
      await caravan(['approve', running.id]);
      await migration.waits('verification');
      const early = await caravan(['values', 'list', running.id, '--rule', 'nul_character', '--reveal', '--json']);
      const seen = JSON.parse(early.stdout) as ShownValues;
      expect({ ...seen, entries: seen.entries.map(({ key, column }) => [key['id']?.text, column]) }).toMatchObject({
        place: 'target',
        total: 1,
        entries: [['10', 'name']],
      });
      expect(await keptInStore(view, 'archive', running.id), 'the copy that was read is taken away').toBe(0);
      const traced = await caravan(['trace', running.id, '--table', 'person', '--key', '10', '--json']);
      expect(JSON.parse(traced.stdout)).toMatchObject({
        place: 'shadow',
        chunk: { chunk: 0, rows: ROWS },
        entries: [{ column: 'name', rule: 'nul_character' }],
        sourceRow: { state: 'there' },
        targetRow: { state: 'there' },
      });
      expect(await keptInStore(view, 'lookups', running.id), 'question and answer are taken away').toBe(0);
      await reconciled(running.id, own.replace('sqlite:', ''));
      const open = (await migration.findings()).filter(({ disposition }) => disposition === 'open');
      expect(open.length).toBeGreaterThan(3);
      const accept = (id: string): Promise<Ran> =>
        caravan(['accept', running.id, id, '--reason', 'known', '--by', 'ann']);
      const accepted = await Promise.all(open.slice(0, 2).map(({ id }) => accept(id)));
      for (const { exit, stderr } of accepted) expect(exit, stderr).toBe(0);
      const listed = (await migration.findings()).find(({ disposition }) => disposition === 'listed');
      const [again, needless] = await Promise.all([accept(open[0]?.id ?? ''), accept(listed?.id ?? '')]);
      expect(needless.stderr).toContain('NOT_NOW');
      expect(again.stderr).toMatch(/ALREADY_DECIDED.*ann/);
      await migration.handle.executeUpdate('pause', { args: [{ by: 'bob' }] });
      expect((await migration.progress()).status, 'paused or not, a person is needed').toBe('waiting');
      for (const { id } of open.slice(2)) {
        await migration.handle.executeUpdate('acceptFinding', {
          args: [{ findingId: id, by: 'bob', reason: 'known' }],
        });
      }
      await until('it is paused', async () => (await migration.progress()).status === 'paused');
      expect(await objectsIn(target), 'a paused migration is not promoted').not.toContain('public.person');
      await migration.handle.executeUpdate('resume', { args: [{ by: 'bob' }] });
      const ended = await running.ended;
      expect(ended.exit, ended.stderr).toBe(3);
      expect(await leftovers(target)).toEqual([]);
      const rows = await target.query(
        'SELECT id, born::text, age, city_id FROM person WHERE id IN (7, 8, 12) ORDER BY id',
      );
      expect(rows).toEqual([
        { id: '7', born: '2023-02-28', age: '7', city_id: '2' },
        { id: '8', born: '1990-01-09', age: '40', city_id: '1' },
        { id: '12', born: '1990-01-13', age: '12', city_id: '1' },
      ]);
      const certificate = readFileSync(
        ended.json.certificate?.replace(/json$/u, 'evidence/decisions.json') ?? '',
        'utf8',
      );
      expect(JSON.parse(certificate)).toEqual(
        expect.arrayContaining([
          expect.objectContaining({
            what: 'fix applied',
            option: 'use 2023-02-28',
            by: 'ann',
            reason: 'the end of the month',
          }),
          expect.objectContaining({ what: 'finding copied again', by: 'ann' }),
          expect.objectContaining({ what: 'finding accepted', by: 'bob', reason: 'known' }),
        ]),
      );
    },
    180_000,
  );

  /** A fix for one finding, and another whose source is mended; what does not change says so. */
  async function reconciled(id: string, file: string): Promise<void> {
    const listed = await caravan(['reconcile', id, '--reveal']);
    expect(listed.stdout).toMatch(/^values_changed:main\.person\.born:impossible_date: 1, open$/mu);
    expect(listed.stdout).toMatch(/--fix use:VALUE[^]+ row +id="8"/u);
    const born = 'values_changed:main.person.born:impossible_date';
    const nonsense = await caravan(['reconcile', id, born, '--fix', 'use:nonsense']);
    expect(nonsense.exit, nonsense.stderr).toBe(2);
    expect(nonsense.stderr).toContain('the value to use for impossible_date has not the form of a date');
    const said = ['--by', 'ann', '--reason', 'the end of the month'];
    const fixed = await caravan(['reconcile', id, born, '--fix', 'use:2023-02-28', ...said]);
    expect(fixed.exit, fixed.stderr).toBe(0);
    expect(fixed.stdout).toContain(`${born} is gone`);
    expect(fixed.stdout).toContain('open: values_changed:main.person.born:replaced:impossible_date');
    const source = new DatabaseSync(file, { enableForeignKeyConstraints: false });
    source.exec('PRAGMA ignore_check_constraints = ON; UPDATE person SET age = 40 WHERE id = 8');
    source.exec('UPDATE person SET city_id = 1 WHERE id IN (12, 13)');
    source.close();
    const again = await caravan([
      'reconcile',
      id,
      'values_changed:main.person.age:wrong_storage',
      '--copy-again',
      '--by',
      'ann',
    ]);
    expect(again.exit, again.stderr + again.stdout).toBe(3);
    expect(again.stdout).toMatch(/remains: .*: 1 value.*copied again 2 time\(s\), and the source still has 1/u);
    expect(again.stdout).not.toContain('foreign_key_not_valid');
  }

  it.concurrent('is undone when nobody accepts it until the deadline', async () => {
    const target = await fresh();
    const running = startMigrate({ source, target: target.url }, '--deadline', '8s');
    const migration = view.migration(running.id);
    await until('it waits for approval', async () => {
      const seen = await migration.progress().catch(() => undefined);
      for (const { id, answer, default: option } of await migration.questions().catch(() => [])) {
        const said = { questionId: id, option, by: 'ann' };
        if (answer === undefined) await migration.handle.executeUpdate('answerQuestion', { args: [said] });
      }
      return seen?.phase === 'planning' && seen.status === 'waiting';
    });
    const planHash = (await migration.plan())?.planHash;
    await migration.handle.executeUpdate('approvePlan', { args: [{ planHash, by: 'ann' }] });
    const ended = await running.ended;
    expect(ended.exit, ended.stderr).toBe(1);
    expect(ended.json).toMatchObject({ status: 'failed', error: { code: 'EXCEPTIONS_REFUSED' }, certificate: null });
    expect(ended.json.findings.length).toBeGreaterThan(5);
    expect(await objectsIn(target)).toEqual([]);
  });

  it.concurrent('quarantines alone the rows that pass every check and that PostgreSQL refuses', async () => {
    const target = await fresh();
    const columns = Array.from({ length: 600 }, (_, at) => `c${String(at)}`);
    // A row of PostgreSQL must fit a page of 8 kB: 600 texts of 15 bytes cannot be moved out of it.
    const wide = (id: number): string =>
      `INSERT INTO wide VALUES (${String(id)}, ${columns.map(() => "'fifteen letters'").join(', ')})`;
    const url = folder.sqlite(
      'wide',
      `CREATE TABLE wide (id INTEGER PRIMARY KEY, ${columns.map((name) => `${name} TEXT`).join(', ')});
       WITH RECURSIVE n(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < 300) INSERT INTO wide (id, c0) SELECT v, 'x' FROM n;
       DELETE FROM wide WHERE id IN (17, 200); ${wide(17)}; ${wide(200)};`,
    );
    const running = startMigrate({ source: url, target: target.url }, '--yes');
    const ended = await running.ended;
    expect(ended.exit, ended.stderr).toBe(3);
    const traced = await caravan(['trace', running.id, '--table', 'wide', '--key', '17', '--target', target.url]);
    expect(traced.stdout).toMatch(/Target row +it is not there now: it is in quarantine/u);
    const file = join(folder.path, 'wide.jsonl');
    await caravan(['values', 'export', running.id, '--kind', 'quarantined', '--out', file]);
    const rows = readFileSync(file, 'utf8').trim().split('\n');
    const [first] = rows.map((line) => (JSON.parse(line) as { row: Record<string, unknown> }).row);
    expect(rows).toHaveLength(2);
    expect(first).toMatchObject({
      id: { text: '17' },
      c0: { text: 'fifteen letters' },
      c599: { text: 'fifteen letters' },
    });
    expect(ended.json.tables).toMatchObject([
      { sourceRows: 300, targetRows: 298, quarantinedRows: 2, changedValues: 0 },
    ]);
    expect(ended.json.findings).toEqual([
      { code: 'rows_quarantined', kind: 'data', object: 'main.wide', count: 2, disposition: 'accepted' },
    ]);
    expect(await target.query('SELECT count(*), count(*) FILTER (WHERE id IN (17, 200)) AS bad FROM wide')).toEqual([
      { count: '298', bad: '0' },
    ]);
    expect(await leftovers(target)).toEqual([]);
  });
});
