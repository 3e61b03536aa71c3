import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { inject } from 'vitest';
import type { Role } from '../../api/auth/roles.js';
import { packageFolder } from '../../platform/local-stack/package-folder.js';
import { readLivingStack } from '../../platform/local-stack/stack-state.js';
import { clientFromDocument } from './openapi-client.js';
import type { AnswerBody, OpenApiClient } from './openapi-client.js';

export const AUDIENCE = 'caravan-test';
export const ISSUER = 'https://issuer.test';
export const SECRET = `${randomUUID()}${randomUUID()}`;

/** The real command `caravan api` on the shared stack, or on that of `home`. */
export interface TestApi {
  readonly url: string;
  /** Made from the API's own document; an admin. */
  readonly client: OpenApiClient;
  as(role: Role, subject?: string): Promise<OpenApiClient>;
  /** All that it wrote. */
  readonly log: () => string;
  stop(): Promise<void>;
}

export interface Raw {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: AnswerBody;
}

/** A request as it stands, for attacks. */
export async function raw(url: string, init: RequestInit = {}): Promise<Raw> {
  const response = await fetch(url, init);
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    get json(): AnswerBody {
      return JSON.parse(text) as AnswerBody;
    },
  };
}

export async function tokenOf(role: Role, subject = `${role}-person`): Promise<string> {
  return new SignJWT({ roles: [role] })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(subject)
    .setAudience(AUDIENCE)
    .setIssuer(ISSUER)
    .setExpirationTime('10m')
    .sign(new TextEncoder().encode(SECRET));
}

export const TOKENS = {
  CARAVAN_API_JWT_SECRET: SECRET,
  CARAVAN_API_AUDIENCE: AUDIENCE,
  CARAVAN_API_ISSUER: ISSUER,
};

export async function startApi(
  options: { home?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<TestApi> {
  const { home = inject('sharedHome'), env = TOKENS } = options;
  const started = runApi(home, env);
  const { address } = await started.ready;
  const admin = await tokenOf('admin');
  const client = await clientFromDocument(address, admin);
  return {
    url: address,
    client,
    as: async (role, subject) => client.as(await tokenOf(role, subject)),
    log: started.output,
    stop: started.stop,
  };
}

/** `ready` rejects with what it wrote when it ends before. */
export function runApi(home: string, env: Readonly<Record<string, string>>) {
  const state = readLivingStack(home);
  if (state === null) throw new Error(`no stack runs in ${home}`);
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [join(packageFolder(), 'bin', 'caravan.js'), 'api'], {
    env: {
      PATH,
      HOME: home,
      CARAVAN_HOME: home,
      DATABASE_URL: state.databaseUrl,
      TEMPORAL_ADDRESS: state.temporalAddress,
      CARAVAN_API_PORT: '0',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', (bytes: Buffer) => (output += bytes.toString()));
  const gone = new Promise<number | null>((resolve) => child.once('close', resolve));
  const ready = new Promise<{ address: string }>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.includes('"api.ready"')) resolve(JSON.parse(line) as { address: string });
    });
    void gone.then((exit) => {
      reject(new Error(`the API ended with ${String(exit)}: ${output}`));
    });
  });
  ready.catch(() => undefined);
  return {
    ready,
    gone,
    output: () => output,
    stop: async () => {
      child.kill('SIGTERM');
      await gone;
    },
  };
}
