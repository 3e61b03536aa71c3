import { describe, expect, it } from 'vitest';
import { SEARCH_ATTRIBUTES } from '../../contracts/messages.js';
import { QUEUES } from '../../contracts/queues.js';
import { readTopology } from '../../platform/local-stack/topology.js';

describe('temporal-dev.yaml', () => {
  it('registers exactly the search attributes that the workflows set: an unknown one would stall them for ever', () => {
    const types = Object.entries(readTopology().searchAttributes).map(([name, type]) => [name, type.toUpperCase()]);
    expect(Object.fromEntries(types)).toEqual(SEARCH_ATTRIBUTES);
  });

  it('names the task queues that the workers poll', () => {
    expect(readTopology().taskQueues).toEqual(QUEUES);
  });
});
