import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonbText } from '../../databases/jsonb.js';
import { freshDatabase } from '../migration/harness.js';
import type { TestDatabase } from '../migration/harness.js';

const TEXTS = [
  '{}',
  ' [ ] ',
  '{"b":1,"a":[true,false,null],"aa":{"x":"y"},"é":2,"zz":3}',
  '"\\u0041\\n\\t\\b\\f\\r\\"\\\\\\/\\u001f\\u007f\\ud83d\\ude00 ü/"',
  ...'0 -0 -0.0 0.00 1.50 -1.50 1e2 1E+2 1.5e-3 -1.5e-3 0.10e1 1.0e5 0e5 0.0e1 10e-1 100e-2 12345678901234567890.123 1e-20'.split(
    ' ',
  ),
  '[[[{"a":[{}]}]], "", {"": ""}]',
  `[${'1,'.repeat(2000)}1]`,
  '\n{"k"\t:\r"v" , "longer" : -7.0E0}\n',
];

/** JSON or not: jsonb takes none of it, or keeps less than it says. */
const REFUSED = [
  '',
  '{"a":1,"a":2}',
  '{"a":1,"\\u0061":2}',
  '"\\u0000"',
  '"\\ud800"',
  '"\\udc00 "',
  '{a:1}',
  '[1,]',
  '[,1]',
  '{"a":1,}',
  '{"a"}',
  '[1 2]',
  '1 2',
  '01',
  '+1',
  '.5',
  '1.',
  'nul',
  '"',
  '"a\\',
  '"a\nb"',
  '1e-20000',
  '1e200000',
  '1e99999999999',
  '{1:2}',
];

describe('the text of a jsonb', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await freshDatabase();
  });
  afterAll(() => database.drop());

  it("is PostgreSQL's own", async () => {
    const rows = await database.query(
      'SELECT t.text::jsonb::text AS jsonb FROM unnest($1::text[]) WITH ORDINALITY AS t(text, n) ORDER BY n',
      [TEXTS],
    );
    expect(TEXTS.map(jsonbText)).toEqual(rows.map(({ jsonb }) => jsonb));
  });

  it('is none where jsonb would refuse it, or keep less than it says', async () => {
    expect(REFUSED.map((text) => [text, jsonbText(text)])).toEqual(REFUSED.map((text) => [text, undefined]));
    const [row] = await database.query(`SELECT '{"a":1,"a":2}'::jsonb::text AS kept`);
    expect(row).toEqual({ kept: '{"a": 2}' });
  });
});
