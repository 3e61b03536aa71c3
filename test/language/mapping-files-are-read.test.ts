import { describe, expect, it } from 'vitest';
import { parseMapping } from '../../language/mapping-file.js';

describe('A mapping file', () => {
  it.each([
    ['a list', '- include', /is no map/],
    ['of another version', 'caravan_mapping: 9', /caravan_mapping is 9, and this build reads 1/],
    ['with an unknown part', 'caravan_mapping: 1\nrenames: {}', /renames/],
    ['that is no YAML', 'caravan_mapping: [', /line 1|line 2/],
  ])('%s is refused with its place', (_what, text, problem) => {
    expect(() => parseMapping(text)).toThrow(expect.objectContaining({ code: 'MAPPING_INVALID' }) as Error);
    expect(() => parseMapping(text)).toThrow(problem);
  });

  it('tells where what does not fit the source stands, and says nothing when all fits', () => {
    const read = parseMapping('caravan_mapping: 1\ninclude:\n  - shop.*\n');
    expect(() => {
      read.refuse([]);
    }).not.toThrow();
    const told = { path: ['include'], key: '0', message: 'nothing is called so', hint: 'look again' };
    expect(() => {
      read.refuse([told]);
    }).toThrow(/line 3.*nothing is called so|nothing is called so.*line 3/s);
  });
});
