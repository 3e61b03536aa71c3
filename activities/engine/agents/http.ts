import { z } from 'zod';
import { TASK_BYTES_MAX } from '../../../contracts/agents.js';
import type { RunTask } from '../../../contracts/agents.js';
import { CaravanFailure } from '../../../contracts/failures.js';
import { inputOf } from './agent.js';
import type { BuiltInAgentWork } from './agent.js';
import { isRedirect, request, requestTarget } from './http-request.js';
import type { HttpAnswer, HttpRequest } from './http-request.js';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
const TIMEOUT_SECONDS = { usual: 30, most: 600 } as const;
const REDIRECTS_MAX = 5;
/** Refusals that mean "later": request timeout, too early, too many requests. */
const LATER: readonly number[] = [408, 425, 429];
/** Headers of an answer that an output carries. Never a cookie. */
const TOLD = ['content-type', 'etag', 'last-modified', 'link', 'location', 'retry-after'];
/** Headers that belong to the connection: a task that sets them could speak past the request. */
const NOT_SET = /^(?:host|connection|content-length|transfer-encoding|upgrade|te|trailer|expect|keep-alive|proxy-.*)$/i;

const status = z.int().min(100).max(599);
const httpInput = z.strictObject({
  /** What a task's `action` says; it has no effect here. */
  action: z.string().optional(),
  method: z.enum(METHODS).default('GET'),
  url: z.string().max(8192),
  headers: z
    .record(
      z
        .string()
        .regex(/^[!#$%&'*+.^_`|~\w-]{1,100}$/)
        .refine((name) => !NOT_SET.test(name)),
      z
        .string()
        .max(8192)
        .regex(/^[\t\x20-\x7e\x80-\xff]*$/),
    )
    .default({}),
  body: z.json().optional(),
  /** Statuses that are a success. Default 200 to 299. */
  expect_status: z.union([status, z.array(status).min(1)]).optional(),
  timeout_seconds: z.number().positive().max(TIMEOUT_SECONDS.most).default(TIMEOUT_SECONDS.usual),
});
type HttpInput = z.infer<typeof httpInput>;

export interface HttpOutput {
  readonly status: number;
  /** A few of the answer's headers, in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON where the answer says that it is; else text. */
  readonly body: unknown;
}

/** Calls a server. `allow`: private hosts that the operator opened, as `host` or `host:port`. */
export function createHttpAgent({ allow }: { readonly allow: readonly string[] }): BuiltInAgentWork {
  return async (task, signal): Promise<HttpOutput> => {
    const input = inputOf(httpInput, task);
    const limit = AbortSignal.timeout(input.timeout_seconds * 1000);
    const first = requestOf(input, task);
    const answer = await followed(first, { allow, signal: AbortSignal.any([signal, limit]) });
    return outputOf(input, first.url, answer);
  };
}

function requestOf(input: HttpInput, { context }: RunTask): HttpRequest {
  const { method, headers, body } = input;
  const own: Record<string, string> = { accept: 'application/json, */*;q=0.5', 'accept-encoding': 'identity' };
  if (body !== undefined)
    own['content-type'] = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json';
  // The same for every attempt: a server that knows the header does the work once.
  own['idempotency-key'] = context.idempotencyKey;
  for (const [name, value] of Object.entries(headers)) own[name.toLowerCase()] = value;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { method, url: requestTarget(input.url), headers: own, ...(body === undefined ? {} : { body: text }) };
}

/** Redirects within the same host; every address is checked anew. Elsewhere they are the answer. */
async function followed(
  first: HttpRequest,
  options: { allow: readonly string[]; signal: AbortSignal },
): Promise<HttpAnswer> {
  let now = first;
  for (let redirects = 0; ; redirects += 1) {
    const answer = await request(now, { ...options, bytesMax: TASK_BYTES_MAX });
    const { location } = answer.headers;
    const mayFollow = first.method === 'GET' || first.method === 'HEAD';
    if (!mayFollow || !isRedirect(answer.status) || location === undefined || !URL.canParse(location, now.url.href)) {
      return answer;
    }
    const next = new URL(location, now.url);
    if (next.origin !== now.url.origin || redirects === REDIRECTS_MAX) return answer;
    now = { ...now, url: next };
  }
}

function outputOf({ expect_status: expected }: HttpInput, url: URL, answer: HttpAnswer): HttpOutput {
  const { status: code, headers } = answer;
  const isExpected = expected === undefined ? code >= 200 && code < 300 : [expected].flat().includes(code);
  if (!isExpected) {
    const parts = { attempted: 'call', on: url.host, seen: `the server answered with HTTP ${String(code)}` };
    throw new CaravanFailure(code >= 500 || LATER.includes(code) ? 'HTTP_UNAVAILABLE' : 'HTTP_REFUSED', parts);
  }
  const told = TOLD.flatMap((name) => {
    const value = headers[name];
    return value === undefined ? [] : [[name, String(value)] as const];
  });
  return { status: code, headers: Object.fromEntries(told), body: bodyOf(url, answer) };
}

function bodyOf(url: URL, { headers, body }: HttpAnswer): unknown {
  if (body.length === 0) return null;
  const text = body.toString('utf8');
  if (!/^application\/(?:[\w.+-]+\+)?json\b/i.test(headers['content-type'] ?? '')) return text;
  try {
    return JSON.parse(text);
  } catch {
    const seen = 'the answer says that it is JSON, and is not';
    throw new CaravanFailure('HTTP_REFUSED', { attempted: 'read the answer of', on: url.host, seen });
  }
}
