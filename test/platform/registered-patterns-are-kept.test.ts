import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaravanFailure } from '../../contracts/failures.js';
import { patternTemplate } from '../../contracts/patterns.schema.js';
import type { PatternTemplate } from '../../contracts/patterns.js';
import { viewEngine } from '../engine/engine-harness.js';
import type { EngineView } from '../engine/engine-harness.js';
import { unique } from '../engine/graphs.js';

const pattern = (name: string, more: object = {}): PatternTemplate =>
  patternTemplate.parse({
    name,
    description: 'A pattern of a test.',
    template: {
      agents: { a: { type: 'a' } },
      tasks: [{ id: 't', agent: 'a', input: { odd: '\u0000 \uD800', n: 1.5 } }],
    },
    ...more,
  });

describe('registered patterns, in the store', () => {
  let engine: EngineView;

  beforeAll(async () => {
    engine = await viewEngine();
  });
  afterAll(async () => {
    await engine.close();
  });

  it('come back as they were given, by name, until they are removed', async () => {
    const { patterns } = engine.store.engine;
    const given = pattern(unique('kept'));
    expect(await patterns.put(given)).toBe('created');
    const [kept] = await patterns.get([given.name, unique('missing')]);
    expect(kept?.pattern).toEqual(given);
    expect((await patterns.list()).map((each) => each.pattern.name)).toContain(given.name);
    expect(await patterns.remove(given.name)).toBe(true);
    expect(await patterns.remove(given.name)).toBe(false);
    expect(await patterns.get([given.name])).toEqual([]);
  });

  it('have one content for each version, however many register at once', async () => {
    const { patterns } = engine.store.engine;
    const name = unique('raced');
    const given = ['one', 'two', 'three'].map((description) => pattern(name, { description }));
    const outcomes = await Promise.all(
      given.map((each) => patterns.put(each).catch((error: unknown) => (error as CaravanFailure).code)),
    );
    expect(outcomes.toSorted()).toEqual(['PATTERN_EXISTS', 'PATTERN_EXISTS', 'created']);
    const [kept] = await patterns.get([name]);
    expect(kept?.pattern).toEqual(given[outcomes.indexOf('created')]);
    expect(await patterns.put(given[outcomes.indexOf('created')] ?? pattern(name))).toBe('same');
    expect(await patterns.put(pattern(name, { version: '2.0.0' }))).toBe('replaced');
  });
});
