import { request as overHttp } from 'node:http';
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, RequestOptions } from 'node:http';
import { request as overHttps } from 'node:https';
import { isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import { CaravanFailure } from '../../../contracts/failures.js';
import { bareHost, checkedAddress, portOf } from './addresses.js';
import type { CheckedAddress } from './addresses.js';

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface RequestLimits {
  /** Private hosts that may be called. */
  readonly allow: readonly string[];
  readonly bytesMax: number;
  readonly signal: AbortSignal;
}

export function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

/** A URL that may stand in a definition: http or https, and no password in it. */
export function requestTarget(text: string): URL {
  const refused = (seen: string): CaravanFailure =>
    new CaravanFailure('TASK_INPUT_INVALID', { attempted: 'read the input for the agent', on: 'http', seen });
  if (!URL.canParse(text)) throw refused('url is no URL');
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refused('url is neither http nor https');
  if (url.username !== '' || url.password !== '') throw refused('url holds a login, which would stand in histories');
  return url;
}

/** One request on a connection of its own, to the address that was checked. */
export async function request(wanted: HttpRequest, limits: RequestLimits): Promise<HttpAnswer> {
  const { signal, bytesMax } = limits;
  const what = { attempted: 'call', on: wanted.url.host };
  const address = await orAborted(checkedAddress(wanted.url, limits.allow), signal);
  try {
    const response = await answered(wanted, address, signal);
    const encoding = response.headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity') {
      response.destroy();
      throw new CaravanFailure('HTTP_REFUSED', { ...what, seen: 'the answer is compressed, which was not asked for' });
    }
    const body = await readUpTo(response, bytesMax);
    if (body === undefined) {
      const seen = `the answer has more than ${String(bytesMax)} bytes`;
      throw new CaravanFailure('HTTP_REFUSED', { ...what, seen, next: 'Hand large things over by reference.' });
    }
    return { status: response.statusCode ?? 0, headers: response.headers, body };
  } catch (error) {
    if (error instanceof CaravanFailure) throw error;
    throw new CaravanFailure('HTTP_UNAVAILABLE', {
      ...what,
      seen: signal.aborted ? 'it took too long' : reasonOf(error),
    });
  }
}

/** A name that is not found in time is given up. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = (): void => {
      const seen = 'it took too long';
      reject(new CaravanFailure('HTTP_UNAVAILABLE', { attempted: 'find', on: 'the host', seen }));
    };
    if (signal.aborted) late();
    signal.addEventListener('abort', late, { once: true });
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', late);
    });
  });
}

function answered(wanted: HttpRequest, address: CheckedAddress, signal: AbortSignal): Promise<IncomingMessage> {
  const { url, method, headers, body } = wanted;
  const host = bareHost(url);
  const options: RequestOptions & { servername?: string } = {
    method,
    host,
    port: portOf(url),
    path: `${url.pathname}${url.search}`,
    headers: {
      ...headers,
      host: url.host,
      ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
    },
    // No connection is shared: none could be to an address that was checked for another request.
    agent: false,
    lookup: pinned(address),
    signal,
    ...(url.protocol === 'https:' && isIP(host) === 0 ? { servername: host } : {}),
  };
  return new Promise((resolve, reject) => {
    const client: ClientRequest = (url.protocol === 'https:' ? overHttps : overHttp)(options, resolve);
    client.on('error', reject);
    client.end(body);
  });
}

/** The name was looked up and checked before: it is not looked up again. */
function pinned({ address, family }: CheckedAddress): LookupFunction {
  return (_host, options, done) => {
    if (options.all === true) done(null, [{ address, family }]);
    else done(null, address, family);
  };
}

/** Undefined: there is more. */
async function readUpTo(response: IncomingMessage, bytesMax: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    bytes += (chunk as Buffer).length;
    if (bytes > bytesMax) {
      response.destroy();
      return undefined;
    }
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** "ECONNREFUSED", or the error's name: never its text. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string')
    return `the network said ${error.code}`;
  return `the connection broke (${error instanceof Error ? error.name : 'unknown'})`;
}
