import { expect, it } from 'vitest';
import { ISSUES } from '../../contracts/record.js';
import { column, table } from '../databases/postgres-fixtures.js';
import { compileChecks } from './record-fixtures.js';

function issueOf(type: string, kind: 'text' | 'json', text: string): string | undefined {
  const [check] = compileChecks(table('t', [column('c', type, { kind })]));
  // Its place in a batch of rows: other values stand around it.
  const bytes = Buffer.from(`{"x":1} ${text} `);
  const start = Buffer.byteLength('{"x":1} ');
  return ISSUES[check?.(bytes, start, start + Buffer.byteLength(text), 0) ?? -1];
}

it('a text that a character(n) would give back without its blanks has no faithful form there', () => {
  expect(['', 'a', 'ab', ' b', 'éé', 'b '].map((text) => issueOf('character(2)', 'text', text))).toEqual([
    'ok',
    'ok',
    'ok',
    'ok',
    'ok',
    'bad_form',
  ]);
  expect(issueOf('character(2)', 'text', 'abc')).toBe('too_long');
  expect(issueOf('varchar(2)', 'text', 'b ')).toBe('ok');
});

it('a JSON of which a jsonb would keep only a part has no faithful form there', () => {
  for (const text of ['{"a":1,"a":2}', '{"a":{"b":1,"\\u0062":2}}', '"\\u0000"', '"\\ud800"']) {
    expect(issueOf('json', 'json', text), text).toBe('ok');
    expect(issueOf('jsonb', 'json', text), text).toBe('bad_form');
  }
  for (const text of ['{"a":1,"b":{"a":2}}', '[1e3, "é"]', 'null'])
    expect(issueOf('jsonb', 'json', text), text).toBe('ok');
});
