import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { raw, startApi, tokenOf } from './api-harness.js';
import type { TestApi } from './api-harness.js';

describe('a body', () => {
  let api: TestApi;
  let authorization: string;
  beforeAll(async () => {
    api = await startApi();
    authorization = `Bearer ${await tokenOf('admin')}`;
  });
  afterAll(async () => {
    await api.stop();
  });

  const send = (path: string, body: RequestInit['body'], headers: Record<string, string> = {}, method = 'POST') =>
    raw(`${api.url}${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json', ...headers },
      body,
    });
  const agent = '/api/v1/agents/body-test';
  const good = { type: 'body-test', version: '1.0.0', taskQueue: 'body-test' };
  const put = (body: string, headers?: Record<string, string>) => send(agent, body, headers, 'PUT');

  it('with an unknown field, a wrong type, a reserved or repeated name is refused, and nothing is stored', async () => {
    const bodies = {
      'unknown field': JSON.stringify({ ...good, tenantId: 'other', role: 'admin' }),
      'wrong type': JSON.stringify({ ...good, capabilities: 'all' }),
      missing: JSON.stringify({ type: 'body-test' }),
      null: 'null',
      list: '[]',
      __proto__: `{"__proto__": {"admin": true}, ${JSON.stringify(good).slice(1)}`,
      constructor: `{"constructor": {"prototype": {"admin": true}}, ${JSON.stringify(good).slice(1)}`,
      twice: `{"type": "a", ${JSON.stringify(good).slice(1)}`,
      'our own queue': JSON.stringify({ ...good, taskQueue: 'caravan' }),
      'our own process queue': JSON.stringify({ ...good, taskQueue: 'caravan-copy@host-1' }),
      infinite: JSON.stringify(good).replace('}', ', "resources": {"cpu": 1e400}}'),
    };
    for (const [name, body] of Object.entries(bodies)) {
      const { status, json } = await put(body);
      expect([name, status, json.code]).toEqual([name, 422, 'INPUT_INVALID']);
      expect(json.errors.length).toBeGreaterThan(0);
    }
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
    const { agents } = (await api.client.call('listAgents', { query: { type: 'body-test' } })).body;
    expect(agents).toEqual([]);
  });

  it('that is no JSON, not UTF-8, of another type or compressed is refused', async () => {
    expect((await put('{"type": ')).json).toMatchObject({ status: 400, code: 'BODY_UNREADABLE' });
    const bytes = new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]);
    expect((await send(agent, bytes, {}, 'PUT')).status).toBe(400);
    expect((await put('a=1', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(415);
    expect((await put('<a/>', { 'content-type': 'text/plain' })).status).toBe(415);
    const packed = await send(
      agent,
      new Uint8Array(gzipSync(JSON.stringify(good))),
      { 'content-encoding': 'gzip' },
      'PUT',
    );
    expect(packed.status).toBe(415);
  });

  it('that is too large or too deep is refused, and the API goes on', async () => {
    const large = JSON.stringify({ ...good, capabilities: ['x'.repeat(1024 * 1024)] });
    expect((await put(large)).json).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
    expect((await put(`${'['.repeat(20_000)}${']'.repeat(20_000)}`)).status).toBe(422);
    const yaml = `name: x\ndescription: ${'y'.repeat(4 * 1024 * 1024)}\n`;
    expect((await send('/api/v1/workflows', yaml, { 'content-type': 'application/yaml' })).status).toBe(413);
    const bomb = `a: &a [${'x,'.repeat(9)}x]\n${'bcdefghij'
      .split('')
      .map((name, at) => `${name}: &${name} [${`*${'abcdefghi'.charAt(at)},`.repeat(9)}*${'abcdefghi'.charAt(at)}]`)
      .join('\n')}`;
    expect((await send('/api/v1/workflows', bomb, { 'content-type': 'text/yaml' })).status).toBe(422);
    expect((await raw(`${api.url}/health`)).status).toBe(200);
  });

  it('that is far too large is answered while it is still being written, each time', async () => {
    const large = 'x'.repeat(12 * 1024 * 1024);
    const answers = await Promise.all(Array.from({ length: 20 }, () => put(large)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([413]));
  });

  it('and a query are held against the same rules', async () => {
    for (const query of [
      'limit=1e9',
      'limit=-1',
      'limit=1.5',
      'limit=1&limit=2',
      'limit=x',
      'sort=name',
      'limit[__proto__]=1',
    ])
      expect([query, (await send(`/api/v1/workflows?${query}`, null as never, {}, 'GET')).status]).toEqual([
        query,
        422,
      ]);
    const events = await raw(`${api.url}/api/v1/executions/x/events?limit=1001`, { headers: { authorization } });
    expect(events.json).toMatchObject({ status: 422, errors: [{ path: 'limit' }] });
  });

  it('with headers beyond every measure is refused', async () => {
    const statusOf = (headers: Record<string, string>): Promise<number | string> =>
      new Promise((resolve) => {
        const asked = request(`${api.url}/api/v1/agents`, { headers }, ({ statusCode = 0 }) => resolve(statusCode));
        asked.on('error', ({ code = '' }: NodeJS.ErrnoException) => resolve(code)).end();
      });
    expect(await statusOf({ authorization, 'x-large': 'x'.repeat(70_000) })).toBe(431);
  });

  it('is never answered with a stack, a path or a secret', async () => {
    const answers = await Promise.all([
      put('{'),
      put(JSON.stringify({ ...good, type: 7 })),
      send('/api/v1/workflows/%00/execute', '{}'),
      send(`/api/v1/executions/${'x'.repeat(400)}/events`, '{"type":"a"}'),
      raw(`${api.url}/api/v1/workflows/${encodeURIComponent("'; DROP TABLE agents; --")}`, {
        headers: { authorization },
      }),
    ]);
    for (const { text, status, headers } of answers) {
      expect(status).toBeLessThan(500);
      expect(headers.get('content-type')).toContain('application/problem+json');
      expect(text).not.toMatch(/\bat .*\.js:\d+|node_modules|postgres:\/\//u);
    }
  });
});
