import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT, UnsecuredJWT, exportJWK, generateKeyPair } from 'jose';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { LEAST_ROLE, ROLES } from '../../api/auth/roles.js';
import { AUDIENCE, ISSUER, SECRET, raw, runApi, startApi, tokenOf } from './api-harness.js';
import type { TestApi } from './api-harness.js';

const secret = new TextEncoder().encode(SECRET);
const soon = (): number => Math.floor(Date.now() / 1000) + 600;
const claims = () => ({ sub: 'eve', aud: AUDIENCE, iss: ISSUER, exp: soon(), roles: ['admin'] });

describe('an API with a shared secret', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(async () => {
    await api.stop();
  });

  const ask = (authorization: string | undefined, path = '/api/v1/workflows') =>
    raw(`${api.url}${path}`, authorization === undefined ? {} : { headers: { authorization } });
  const sign = (payload: Record<string, unknown>, key: Uint8Array = secret, alg = 'HS256', more = {}) =>
    new SignJWT(payload).setProtectedHeader({ alg, ...more }).sign(key);

  it('takes a valid token', async () => {
    expect((await ask(`Bearer ${await sign(claims())}`)).status).toBe(200);
  });

  it('refuses forged, unsigned, expired and foreign tokens, each with 401 and what to send', async () => {
    const without = (name: string) => Object.fromEntries(Object.entries(claims()).filter(([claim]) => claim !== name));
    const past = Math.floor(Date.now() / 1000) - 60;
    const valid = await sign(claims());
    const [head = '', , signature = ''] = valid.split('.');
    const other = Buffer.from(JSON.stringify({ ...claims(), sub: 'root' })).toString('base64url');
    const forged: Record<string, string | undefined> = {
      none: undefined,
      basic: `Basic ${Buffer.from('a:b').toString('base64')}`,
      garbage: 'Bearer garbage',
      'alg none': `Bearer ${new UnsecuredJWT(claims()).encode()}`,
      'another secret': `Bearer ${await sign(claims(), new TextEncoder().encode('x'.repeat(64)))}`,
      'another algorithm': `Bearer ${await sign(claims(), secret, 'HS512')}`,
      'changed payload': `Bearer ${head}.${other}.${signature}`,
      expired: `Bearer ${await sign({ ...claims(), exp: past })}`,
      'not yet': `Bearer ${await sign({ ...claims(), nbf: soon() })}`,
      'without end': `Bearer ${await sign(without('exp'))}`,
      'without subject': `Bearer ${await sign(without('sub'))}`,
      'without audience': `Bearer ${await sign(without('aud'))}`,
      'wrong audience': `Bearer ${await sign({ ...claims(), aud: 'another' })}`,
      'wrong issuer': `Bearer ${await sign({ ...claims(), iss: 'https://another.test' })}`,
      'a kid that is a path': `Bearer ${await sign(claims(), new Uint8Array(32), 'HS256', { kid: '../../dev/null' })}`,
    };
    for (const [name, authorization] of Object.entries(forged)) {
      const { status, headers, json } = await ask(authorization);
      expect([name, status, json.code]).toEqual([name, 401, 'TOKEN_REFUSED']);
      expect(headers.get('www-authenticate')).toMatch(/^Bearer /u);
    }
    expect((await ask(undefined, `/api/v1/workflows?access_token=${valid}`)).status).toBe(401);
    expect(api.log()).not.toContain(valid);
  });

  it('lets each role do what the table says, and nothing else', async () => {
    const attempts: Record<string, { method: string; path: string }> = {
      read: { method: 'GET', path: '/api/v1/agents' },
      operate: { method: 'POST', path: '/api/v1/workflows/none/pause' },
      register: { method: 'DELETE', path: '/api/v1/agents/none' },
      decide: { method: 'POST', path: '/api/v1/migrations/none/approve' },
    };
    expect(Object.keys(attempts).sort()).toEqual(
      Object.keys(LEAST_ROLE)
        .filter((action) => action !== 'open')
        .sort(),
    );
    for (const [action, { method, path }] of Object.entries(attempts)) {
      const least = ROLES.indexOf(LEAST_ROLE[action as 'read']);
      for (const [rank, role] of ROLES.entries()) {
        const headers = { authorization: `Bearer ${await tokenOf(role)}` };
        const { status } = await raw(`${api.url}${path}`, { method, headers });
        expect([action, role, status === 403]).toEqual([action, role, rank < least]);
      }
    }
    const roleless = await sign({ ...claims(), roles: ['boss'] });
    expect((await ask(`Bearer ${roleless}`)).status).toBe(403);
  });

  it('needs no token for probes, its description, and the pages of its refusals', async () => {
    for (const path of ['/health', '/ready', '/workflow-capacity', '/openapi.json', '/docs/failures/NOT_NOW'])
      expect([path, (await ask(undefined, path)).status]).toEqual([path, 200]);
    expect((await ask(undefined, '/nowhere')).json.code).toBe('ROUTE_UNKNOWN');
  });
});

describe('an API with a key set', () => {
  it('takes tokens of its keys, and none that are signed with a public key as a secret', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' };
    let fetches = 0;
    const keys = createServer((_request, response) => {
      fetches += 1;
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }));
    });
    await new Promise<void>((resolve) => keys.listen(0, '127.0.0.1', resolve));
    const { port } = keys.address() as AddressInfo;
    const api = runApi(inject('sharedHome'), {
      CARAVAN_API_AUDIENCE: AUDIENCE,
      CARAVAN_API_ISSUER: ISSUER,
      CARAVAN_API_JWKS_URL: `http://127.0.0.1:${String(port)}/keys`,
    });
    try {
      const { address } = await api.ready;
      const ask = async (token: string): Promise<number> =>
        (await raw(`${address}/api/v1/agents`, { headers: { authorization: `Bearer ${token}` } })).status;
      const signed = (header: object) =>
        new SignJWT(claims()).setProtectedHeader({ alg: 'ES256', kid: 'one', ...header }).sign(privateKey);
      expect(await ask(await signed({}))).toBe(200);
      expect(await ask(await signed({}))).toBe(200);
      expect(fetches).toBe(1);
      const confused = new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', kid: 'one' });
      expect(await ask(await confused.sign(new TextEncoder().encode(JSON.stringify(jwk))))).toBe(401);
      const stranger = await generateKeyPair('ES256');
      const own = { alg: 'ES256', jku: `http://127.0.0.1:${String(port)}/other`, jwk: await exportJWK(publicKey) };
      expect(await ask(await new SignJWT(claims()).setProtectedHeader(own).sign(stranger.privateKey))).toBe(401);
      expect(fetches).toBe(1);
    } finally {
      await api.stop();
      keys.close();
    }
  });
});

describe('an API without tokens', () => {
  it('starts on a loopback address only', async () => {
    const open = runApi(inject('sharedHome'), { CARAVAN_API_HOST: '0.0.0.0' });
    expect(await open.gone).toBe(2);
    expect(open.output()).toContain('API_UNPROTECTED');
    const half = runApi(inject('sharedHome'), { CARAVAN_API_AUDIENCE: AUDIENCE });
    expect(await half.gone).not.toBe(0);
    expect(half.output()).toContain('CARAVAN_API_JWKS_URL');
  });

  it('answers this machine, and no web page that the user has open', async () => {
    const api = runApi(inject('sharedHome'), {});
    try {
      const { address } = await api.ready;
      const ask = async (headers: Record<string, string>): Promise<number> => {
        const { request } = await import('node:http');
        return new Promise((resolve, reject) => {
          request(`${address}/api/v1/workflows/none/cancel`, { method: 'POST', headers }, (response) => {
            response.resume();
            resolve(response.statusCode ?? 0);
          })
            .on('error', reject)
            .end();
        });
      };
      expect(await ask({})).toBe(404);
      expect(await ask({ origin: 'https://evil.test' })).toBe(403);
      expect(await ask({ 'sec-fetch-site': 'cross-site' })).toBe(403);
      expect(await ask({ host: 'evil.test' })).toBe(403);
    } finally {
      await api.stop();
    }
  });
});
