import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import dns from 'node:dns/promises';
import { syncBuiltinESMExports } from 'node:module';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { isPublic } from '../../activities/engine/agents/addresses.js';
import { createHttpAgent } from '../../activities/engine/agents/http.js';
import type { HttpOutput } from '../../activities/engine/agents/http.js';
import type { RunTask } from '../../contracts/agents.js';
import { CaravanFailure } from '../../contracts/failures.js';

const seen: IncomingMessage[] = [];
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let server: Server;
let port: number;
let other: Server;
let otherPort: number;

const listening = (made: Server, host = '127.0.0.1'): Promise<number> =>
  new Promise((resolve) => made.listen(0, host, () => resolve((made.address() as AddressInfo).port)));

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(request);
    answer(request, response);
  });
  other = createServer((_request, response) => response.end('from the other'));
  port = await listening(server);
  otherPort = await listening(other);
});
afterAll(async () => {
  for (const each of [server, other]) {
    each.closeAllConnections();
    await new Promise((resolve) => each.close(resolve));
  }
});
afterEach(() => {
  seen.length = 0;
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

const task = (input: unknown): RunTask => ({
  executionId: 'e',
  taskId: 't',
  attempt: 1,
  agentType: 'http',
  input,
  context: { workflowId: 'w', workflowName: 'n', agent: 'a', purpose: 'run', idempotencyKey: 'e/t/run' },
});

const call = (input: unknown, allow: readonly string[] = ['127.0.0.1']): Promise<HttpOutput> =>
  createHttpAgent({ allow })(task(input), new AbortController().signal) as Promise<HttpOutput>;

const refusal = async (input: unknown, allow?: readonly string[]): Promise<string> => {
  const error: unknown = await call(input, allow).then(
    () => 'no failure',
    (thrown: unknown) => thrown,
  );
  return error instanceof CaravanFailure ? error.code : String(error);
};

const url = (path = '/'): string => `http://127.0.0.1:${String(port)}${path}`;
const json =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (_request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
    response.end(JSON.stringify(body));
  };

describe('the agent http', () => {
  it('sends JSON with the idempotency key of the task, and gives back status, a few headers and the body', async () => {
    let got = '';
    answer = (request, response) => {
      request.on('data', (chunk: Buffer) => (got += chunk.toString()));
      request.on('end', () => json(201, { id: 7 }, { etag: '"x"', 'set-cookie': 'secret=1' })(request, response));
    };
    const output = await call({
      method: 'POST',
      url: url('/orders?x=1'),
      body: { a: 'ä' },
      headers: { 'X-Mine': 'yes' },
    });
    expect(output).toEqual({
      status: 201,
      headers: { 'content-type': 'application/json; charset=utf-8', etag: '"x"' },
      body: { id: 7 },
    });
    expect(got).toBe('{"a":"ä"}');
    expect(seen[0]?.url).toBe('/orders?x=1');
    expect(seen[0]?.headers).toMatchObject({
      'idempotency-key': 'e/t/run',
      'content-type': 'application/json',
      'x-mine': 'yes',
      host: `127.0.0.1:${String(port)}`,
    });
  });

  it('gives back text as text', async () => {
    answer = (_request, response) => response.end('plain');
    expect((await call({ url: url() })).body).toBe('plain');
  });

  it.each([
    [404, 'HTTP_REFUSED'],
    [302, 'HTTP_REFUSED'],
    [500, 'HTTP_UNAVAILABLE'],
    [503, 'HTTP_UNAVAILABLE'],
    [429, 'HTTP_UNAVAILABLE'],
  ])('answers HTTP %d with %s, unless it was expected', async (status, code) => {
    answer = json(status, {});
    expect(await refusal({ url: url() })).toBe(code);
    expect((await call({ url: url(), expect_status: [200, status] })).status).toBe(status);
  });

  it('gives up a server that is slow, and one that is not there', async () => {
    answer = () => undefined;
    expect(await refusal({ url: url(), timeout_seconds: 0.2 })).toBe('HTTP_UNAVAILABLE');
    answer = (_request, response) => response.write('a beginning without an end');
    expect(await refusal({ url: url(), timeout_seconds: 0.2 })).toBe('HTTP_UNAVAILABLE');
    expect(await refusal({ url: 'http://127.0.0.1:1/' })).toBe('HTTP_UNAVAILABLE');
  });

  it('refuses an answer that is too large, or that only says it is JSON', async () => {
    answer = (_request, response) => response.end('x'.repeat(256 * 1024 + 1));
    expect(await refusal({ url: url() })).toBe('HTTP_REFUSED');
    answer = (_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end('{');
    };
    expect(await refusal({ url: url() })).toBe('HTTP_REFUSED');
  });

  it('follows redirects of the same host only', async () => {
    answer = (request, response) => {
      if (request.url === '/here') response.end('arrived');
      else
        response
          .writeHead(302, { location: request.url === '/near' ? '/here' : `http://127.0.0.1:${String(otherPort)}/` })
          .end();
    };
    expect((await call({ url: url('/near') })).body).toBe('arrived');
    const far = await call({ url: url('/far'), expect_status: 302 });
    expect(far).toMatchObject({ status: 302, headers: { location: `http://127.0.0.1:${String(otherPort)}/` } });
    answer = (_request, response) => response.writeHead(302, { location: '/again' }).end();
    expect(await refusal({ url: url('/again') })).toBe('HTTP_REFUSED');
  });

  it.each([
    'http://127.0.0.1:PORT/',
    'http://localhost:PORT/',
    'http://localhost.:PORT/',
    'http://2130706433:PORT/',
    'http://0.0.0.0:PORT/',
    'http://[::1]:PORT/',
    'http://[::ffff:127.0.0.1]:PORT/',
    'http://[::ffff:10.0.0.1]/',
    'http://169.254.169.254/latest/meta-data/',
    'http://10.0.0.1/',
    'http://[fd00::1]/',
  ])('does not call %s, where the operator did not open it', async (address) => {
    answer = json(200, {});
    expect(await refusal({ url: address.replace('PORT', String(port)) }, [])).toBe('ADDRESS_REFUSED');
    expect(seen).toEqual([]);
  });

  it('calls a private host that the operator opened, with the port that was named and no other', async () => {
    answer = json(200, {});
    expect((await call({ url: url() }, [`127.0.0.1:${String(port)}`])).status).toBe(200);
    expect(await refusal({ url: `http://127.0.0.1:${String(otherPort)}/` }, [`127.0.0.1:${String(port)}`])).toBe(
      'ADDRESS_REFUSED',
    );
  });

  it('knows what is public', () => {
    const addresses = [
      '8.8.8.8',
      '2606:4700::1111',
      '100.64.0.1',
      '192.168.1.1',
      '224.0.0.1',
      'fe80::1',
      '::',
      '2002:a00:1::',
      '64:ff9b::a00:1',
      '2001:db8::1',
    ];
    expect(addresses.filter(isPublic)).toEqual(['8.8.8.8', '2606:4700::1111']);
  });

  it('connects to the address that it checked, whatever the name stands for a moment later', async () => {
    const answers = ['127.0.0.1', '127.0.0.2'];
    const lookup = vi.spyOn(dns, 'lookup').mockImplementation((() => {
      const address = answers.shift() ?? '127.0.0.2';
      return Promise.resolve([{ address, family: 4 }]);
    }) as never);
    syncBuiltinESMExports();
    answer = json(200, { from: 'the first' });
    const output = await call({ url: `http://flips.example:${String(port)}/` }, ['flips.example']);
    expect(output.body).toEqual({ from: 'the first' });
    expect(lookup).toHaveBeenCalledTimes(1);
  });

  it('refuses a name of which one address is private', async () => {
    vi.spyOn(dns, 'lookup').mockImplementation((() =>
      Promise.resolve([
        { address: '8.8.8.8', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ])) as never);
    syncBuiltinESMExports();
    expect(await refusal({ url: `http://both.example:${String(port)}/` })).toBe('ADDRESS_REFUSED');
  });

  it.each([
    [{}, 'no url'],
    [{ url: 'ftp://example.org/' }, 'another scheme'],
    [{ url: 'http://user:secret@example.org/' }, 'a login in the URL'],
    [{ url: 'http://example.org/', headers: { host: 'other' } }, 'the header host'],
    [{ url: 'http://example.org/', headers: { 'x-y': 'a\r\nb: c' } }, 'a line break in a header'],
    [{ url: 'http://example.org/', method: 'CONNECT' }, 'a method that is no request'],
    [{ url: 'http://example.org/', cookies: 1 }, 'an unknown field'],
  ])('refuses the input %j (%s)', async (input, _why) => {
    expect(await refusal(input)).toBe('TASK_INPUT_INVALID');
  });
});
