import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assessmentPage } from '../../cli/assess/page.js';
import { tableTime, wholeTime } from '../../activities/architect/assessment/time.js';
import type { Assessment } from '../../contracts/assessment.js';
import type { LearningFact } from '../../platform/store/store.js';
import type { TestFolder } from './fixtures.js';
import { objectsIn, testFolder, uniqueId } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, freshDatabase } from './harness.js';

const NAME = '<img src=x>"&';
const SOURCE = `
  CREATE TABLE city (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
  CREATE TABLE "${NAME.replaceAll('"', '""')}" (id INTEGER PRIMARY KEY, born DATE NOT NULL, note TEXT CHECK (printf('%w', note) <> ''));
  CREATE TABLE plain (a TEXT, CONSTRAINT odd_one CHECK (printf('%w', a) <> ''));
  CREATE TABLE weak (code TEXT PRIMARY KEY, v INTEGER);
  CREATE VIEW towns AS SELECT * FROM city;
  CREATE TRIGGER watch AFTER INSERT ON city BEGIN SELECT 1; END;
  WITH RECURSIVE n(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < 300)
  INSERT INTO "${NAME.replaceAll('"', '""')}" SELECT v, iif(v = 7, '2023-02-30', '2023-02-03'), 'a' FROM n;
  INSERT INTO weak VALUES (NULL, 1), ('a', 2);
  WITH RECURSIVE n(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < 3000) INSERT INTO plain SELECT 'a' || v FROM n;`;

describe('An assessment', () => {
  let folder: TestFolder;
  let target: TestDatabase;
  let ran: Ran;
  let page: string;
  let assessment: Assessment;

  beforeAll(async () => {
    folder = testFolder();
    target = await freshDatabase();
    await target.query('CREATE TABLE city (there_already int)');
    const source = folder.sqlite('odd', SOURCE);
    page = join(folder.path, 'page.html');
    const ends = ['--source', source, '--target', target.url, '--workflow-id', uniqueId('assess')];
    ran = await caravan(['assess', ...ends, '--html', page, '--json']);
    ({ assessment } = ran.json as unknown as { assessment: Assessment });
  });
  afterAll(async () => {
    folder.remove();
    await target.drop();
  });

  it('lists everything that is refused, in the source and in the target, each with what would be needed', async () => {
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.stdout.trim().split('\n')).toHaveLength(1);
    expect(ran.json).toMatchObject({ status: 'planned', certificate: null, tables: [] });
    expect(assessment.verdict).toBe('blocked');
    const refused = assessment.refused.map(({ object, needed }) => `${object}: ${needed}`).sort();
    expect(refused).toEqual([
      expect.stringMatching(/^city: .*--on-existing replace/u),
      expect.stringMatching(/^main\.<img src=x>"&.*check: drop or rewrite .* --exclude 'main\.<img src=x>"&'$/u),
      expect.stringMatching(/^main\.plain\.odd_one: .* --exclude main\.plain$/u),
    ]);
    expect(await objectsIn(target)).toEqual(['public.city']);
  });

  it('says what maps how, what stays behind, and what it asks; work and risk add up by the stated rules', () => {
    expect(assessment.source).toMatchObject({ engine: 'sqlite', tables: 4, objects: { view: 1, trigger: 1 } });
    expect(assessment.questions).toMatchObject([
      { id: `type:main.${NAME}.born`, default: 'date' },
      { id: 'key:main.weak', default: 'unique' },
    ]);
    expect(assessment.notMigrated.map(({ kind, minutes }) => [kind, minutes])).toEqual([
      ['trigger', 60],
      ['primary key', 15],
    ]);
    expect(assessment.views).toEqual([{ source: 'main.towns', target: 'public.towns', reads: ['main.city'] }]);
    const [odd] = assessment.tables.filter(({ source }) => source === `main.${NAME}`);
    expect(odd?.columns.find(({ source }) => source === 'born')).toMatchObject({ declared: 'DATE', type: 'date' });
    // What other migrations on this stack taught may make a column doubtful.
    const doubtful = (tables: Assessment['tables']): number =>
      tables.flatMap(({ columns }) => columns).filter(({ confidence }) => confidence < 0.75).length;
    // Its odd date, the question about it, and its check.
    const own = doubtful(odd ? [odd] : []);
    expect(odd?.minutes).toBe(80 + 5 * own);
    if (own === 0) expect(odd?.risk).toBeCloseTo(1 - (1 - 0.4 / 4) * (1 - 0.2 / 4), 3);
    const { minutes, parts } = assessment.effort;
    expect(parts.reduce((sum, part) => sum + part.minutes, 0)).toBe(minutes);
    expect(minutes).toBe(3 * 60 + 2 * 10 + 10 + 60 + 15 + 5 * doubtful(assessment.tables));
    expect(assessment.rules.effort).toContain('60 for a trigger to rewrite');
    expect(assessment.rules.risk).toContain('0.4 × n / (n + 3) for columns with odd values');
  });

  it('is a page that asks for nothing, in which every name from the source is text', () => {
    const text = readFileSync(page, 'utf8');
    expect(text).toContain('&lt;img src=x&gt;&quot;&amp;');
    expect(text).not.toMatch(/<img|<script|<link|https?:|url\(|@import|\son\w+=/iu);
    expect(text).toContain("default-src 'none'");
    const now = new Date(0);
    const odd = assessmentPage({ ...assessment, cannotSee: [{ what: `'"><svg\u001b\u202e`, mend: '</style>' }] }, now);
    expect(odd).toContain('&#39;&quot;&gt;&lt;svg\ufffd\ufffd');
    expect(odd.match(/<\/style>/gu)).toHaveLength(1);
  });

  it('reckons time from tables of the same shape, with the bars that earlier migrations drew', () => {
    const facts = [1000, 2000, 4000].map((rate): LearningFact => {
      const numbers = { rows: 100_000, bytes: 1, seconds: 100_000 / rate };
      return { kind: 'throughput', signature: 'mysql|3 columns|32 bytes', numbers };
    });
    const size = { engine: 'mysql', columns: 3, rows: 8000, bytesPerRow: 20 } as const;
    const learned = tableTime(size, facts);
    expect(learned).toEqual({ seconds: 4.67, low: 2, high: 8, from: 'learned' });
    expect(tableTime(size, facts.slice(0, 1))).toEqual({ seconds: 8, low: 4, high: 16, from: 'learned' });
    const unknown = tableTime({ ...size, columns: 4, rows: 1_000_000, bytesPerRow: 400 }, facts);
    expect(unknown).toEqual({ seconds: 40, low: 10, high: 160, from: 'default' });
    const whole = wholeTime([
      { rows: 8000, time: learned },
      { rows: 24_000, time: unknown },
    ]);
    expect(whole.learnedShare).toBe(0.25);
    expect(whole.copy).toEqual({ seconds: 22.34, low: 3, high: 168 });
    expect(whole.total.low).toBeLessThan(whole.total.seconds);
    expect(whole.total.seconds).toBeLessThan(whole.total.high);
  });
});
