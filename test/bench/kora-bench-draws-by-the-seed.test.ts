import { describe, expect, it } from 'vitest';
import { drawn, expectedEntries, TIMES } from '../../bench/kora/corruptions/damage.js';
import { CORRUPTIONS, ROWS, WEAKENED } from '../../bench/kora/corruptions/kinds.js';
import { sakilaQueries } from '../../bench/kora/sakila-queries.js';

describe('what the bench of KORA draws', () => {
  it('is the same for the same seed, and other rows for another', () => {
    expect(drawn(7)).toEqual(drawn(7));
    expect(expectedEntries(drawn(8))).not.toEqual(expectedEntries(drawn(7)));
  });

  it('damages each row once at most, in every way that there is, 200 times and more', () => {
    for (const seed of [1, 2, 3]) {
      const done = drawn(seed);
      const rows = done.flatMap(({ ids }) => ids);
      expect(new Set(rows).size).toBe(rows.length);
      expect(rows.every((id) => id >= 1 && id <= ROWS)).toBe(true);
      expect(done.every(({ corruption: { rows: wanted = 1 }, ids }) => ids.length === wanted)).toBe(true);
      expect(new Set(done.map(({ corruption }) => corruption.name)).size).toBe(CORRUPTIONS.length);
      expect(done).toHaveLength(CORRUPTIONS.length * TIMES);
    }
    expect(CORRUPTIONS.length * TIMES + WEAKENED.length).toBeGreaterThanOrEqual(200);
  });

  it('asks Sakila 10,000 different queries', () => {
    const queries = sakilaQueries(10_000, 1);
    expect(new Set(queries).size).toBe(10_000);
    expect(sakilaQueries(10_000, 1)).toEqual(queries);
  });
});
