import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { raw, startApi, tokenOf } from '../api/api-harness.js';
import type { TestApi } from '../api/api-harness.js';
import { viewEngine } from '../engine/engine-harness.js';
import type { EngineView } from '../engine/engine-harness.js';
import { unique } from '../engine/graphs.js';
import { until } from '../migration/harness.js';
import { exampleOf, fileOf, idsOf, play } from './examples.js';
import type { Example } from './examples.js';

interface Auction {
  name: string;
  version: string;
  template: { agents: Record<string, { type: string }>; tasks: Record<string, unknown>[] };
  [field: string]: unknown;
}

/** The example, with a name and agents that this test alone uses. */
function auction(): Auction {
  const pattern = JSON.parse(fileOf('patterns/auction.json')) as Auction;
  for (const agent of Object.values(pattern.template.agents)) agent.type = unique(agent.type);
  return { ...pattern, name: unique('auction') };
}

/** The example's definition, for the pattern of this name. */
const sale = (name: string): Example => {
  const example = exampleOf('patterns/custom.yaml');
  return { ...example, yaml: example.yaml.replace('pattern: auction', `pattern: ${name}`) };
};

describe('a custom pattern, by its example', () => {
  let engine: EngineView;
  let api: TestApi;

  beforeAll(async () => {
    engine = await viewEngine();
    api = await startApi();
  });
  afterAll(async () => {
    await api.stop();
    await engine.close();
  });

  const register = (pattern: unknown) => api.client.call('registerPattern', { body: pattern });
  const submit = async (yaml: string) => {
    const headers = { authorization: `Bearer ${await tokenOf('operator')}`, 'content-type': 'application/yaml' };
    return raw(`${api.url}/api/v1/workflows`, { method: 'POST', headers, body: yaml });
  };

  it('is registered, listed, and run: its tasks, with the options and one agent of the definition', async () => {
    const pattern = auction();
    const registered = await register(pattern);
    expect(registered).toMatchObject({
      status: 201,
      body: { name: pattern.name, kind: 'registered', sample_report: { tasks: 4, waves: 4 } },
    });
    const { body } = await api.client.call('listPatterns');
    const listed = (body.patterns as { name: string; options_schema: object }[]).find(
      ({ name }) => name === pattern.name,
    );
    expect(listed?.options_schema).toMatchObject({ additionalProperties: false, required: ['reserve'] });

    const example = sale(pattern.name);
    const { seller = { type: '' }, auctioneer = { type: '' } } = pattern.template.agents;
    const agents = await play(
      engine,
      { ...example, agents: { ...example.agents, seller, auctioneer } },
      {
        seller: ({ input }) => input,
        bidder: ({ input }) => ({ price: 200 + 20 * (input as { paddle: number }).paddle }),
        auctioneer: ({ input }) => {
          const { bids } = input as { bids: { price: number }[] };
          return bids.reduce((best, bid) => (bid.price > best.price ? bid : best));
        },
      },
    );
    const submitted = await submit(example.yaml);
    expect(submitted.status).toBe(201);
    const params = { id: submitted.json.workflow_id };
    const started = await api.client.call('executeWorkflow', { params, body: { input_data: { lot: 'a lathe' } } });
    expect(started.status).toBe(202);
    await until('the sale is over', async () => {
      const { status } = (await api.client.call('getWorkflowStatus', { params })).body;
      return status === 'completed';
    });
    expect(idsOf(agents['bidder']).sort()).toEqual(['bid[0]', 'bid[1]', 'bid[2]', 'bid[3]']);
    expect(agents['bidder']?.[0]?.asked[0]?.input).toMatchObject({ terms: 'at least 250 EUR' });
    const confirmed = agents['seller']?.[0]?.asked.find(({ taskId }) => taskId === 'confirm');
    expect(confirmed?.input).toEqual({ price: 280 });
  });

  it('is tried on its sample first: what is wrong is told, all of it, and nothing is registered', async () => {
    const pattern = auction();
    const [first = {}, second = {}] = pattern.template.tasks;
    pattern.template.tasks = [
      { ...first, agent: 'nobody', depends_on: ['award'] },
      { ...second, inputt: 1 },
      { id: 'award', agent: 'auctioneer', input: '${{ input.unknown }}', depends_on: ['describe'] },
    ];
    const refused = await register(pattern);
    expect(refused).toMatchObject({ status: 422, body: { code: 'DEFINITION_INVALID' } });
    expect(refused.body.errors.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['template.tasks.0.agent', 'template.tasks.1.inputt', 'template.tasks.2.input']),
    );
    // That they wait on each other is told at the place of one of them.
    pattern.template.tasks = [
      { id: 'a', agent: 'seller', depends_on: ['b'] },
      { id: 'b', agent: 'seller', depends_on: ['a'] },
    ];
    expect((await register(pattern)).body.errors[0]).toMatchObject({ path: 'template.tasks.0.depends_on' });
    const none = await api.client.call('getPattern', { params: { name: pattern.name } });
    expect(none).toMatchObject({ status: 404, body: { code: 'PATTERN_UNKNOWN' } });
  });

  it.each([
    ['a built-in name', { name: 'swarm' }],
    ['a reserved name', { name: 'available' }],
    ['options that a regular expression checks', { options_schema: { type: 'object', pattern: '(a+)+$' } }],
    ['options that are no object', { options_schema: { type: 'string' } }],
    ['no tasks', { template: { agents: {}, tasks: [] } }],
    ['a sample that its own options refuse', { sample: { options: { reserve: -1 }, inputs: { lot: 'a chair' } } }],
  ])('is refused with %s', async (_, wrong) => {
    const headers = { authorization: `Bearer ${await tokenOf('operator')}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ ...auction(), ...wrong });
    expect((await raw(`${api.url}/api/v1/patterns`, { method: 'POST', headers, body })).status).toBe(422);
  });

  it('keeps one version at a time: the same again is nothing new, another content needs another version', async () => {
    const pattern = auction();
    expect((await register(pattern)).status).toBe(201);
    expect((await register(pattern)).status).toBe(201);
    const changed = { ...pattern, description: 'Another one.' };
    expect(await register(changed)).toMatchObject({ status: 409, body: { code: 'PATTERN_EXISTS' } });
    expect((await register({ ...changed, version: '1.1.0' })).status).toBe(201);
    const { body } = await api.client.call('getPattern', { params: { name: pattern.name } });
    expect(body).toMatchObject({ version: '1.1.0', description: 'Another one.', template: changed.template });
  });

  it('is unknown to a definition once it is deleted; a workflow that was made of it stays whole', async () => {
    const pattern = auction();
    await register(pattern);
    const { yaml } = sale(pattern.name);
    const { workflow_id: id } = (await submit(yaml)).json;
    const params = { name: pattern.name };
    expect((await api.client.call('deletePattern', { params })).status).toBe(204);
    expect((await api.client.call('deletePattern', { params })).status).toBe(404);
    const refused = await submit(yaml);
    expect(refused).toMatchObject({ status: 400, json: { code: 'PATTERN_UNKNOWN', errors: [{ path: 'pattern' }] } });
    const { body } = await api.client.call('getWorkflow', { params: { id } });
    const definition = body.definition as unknown as { tasks: { id: string }[] };
    expect(definition.tasks.map((task) => task.id)).toEqual(['describe', 'bid', 'award', 'confirm']);
    // What was shown can be submitted again.
    expect((await submit(JSON.stringify(definition))).status).toBe(201);
  });

  it('is registered and deleted by who may store definitions, and by nobody else', async () => {
    const viewer = await api.as('viewer');
    expect((await viewer.call('registerPattern', { body: auction() })).status).toBe(403);
    expect((await viewer.call('deletePattern', { params: { name: 'any' } })).status).toBe(403);
    expect((await viewer.call('getPattern', { params: { name: 'handoff' } })).body).toMatchObject({ kind: 'built_in' });
  });
});
