import { resolve } from 'node:path';
import type { Endpoint, FileEndpoint, FolderEndpoint, ServerEndpoint } from '../../contracts/endpoint.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { FailureCode } from '../../contracts/failures.js';

/*
 * Our own strict grammar of database URLs. No driver ever sees the text: drivers take hosts, files and switches out
 * of options, so what one reads in a URL is not where the other connects. No failure repeats any part of the text
 * that could hold a password.
 */

const URL_LENGTH_MAX = 4096;
const CONNECT_TIMEOUT_SECONDS_DEFAULT = 10;
const CONNECT_TIMEOUT_SECONDS_MAX = 300;

type Server = ServerEndpoint['engine'];
const SERVERS: Readonly<Record<string, { readonly engine: Server; readonly port: number }>> = {
  mysql: { engine: 'mysql', port: 3306 },
  mariadb: { engine: 'mariadb', port: 3306 },
  postgres: { engine: 'postgres', port: 5432 },
  postgresql: { engine: 'postgres', port: 5432 },
};
const TLS_MODES = ['disable', 'require', 'verify-full'] as const;
type TlsMode = (typeof TLS_MODES)[number];

/** True for what is meant as a URL; a connection's name never looks like one. */
export function looksLikeUrl(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9+.-]*:/u.test(text);
}

/** `cwd`: where a relative path begins; absolute paths do without. */
export function parseEndpointUrl(text: string, cwd = '/'): Endpoint {
  if (text.length > URL_LENGTH_MAX)
    throw refusal('a database URL', `it is longer than ${String(URL_LENGTH_MAX)} characters`);
  const [, rawScheme, rest] = /^([A-Za-z][A-Za-z0-9+.-]*):([^]*)$/u.exec(text) ?? [];
  if (rawScheme === undefined || rest === undefined) throw refusal('a database URL', 'it has no scheme');
  const scheme = rawScheme.toLowerCase();
  if (hasForbidden(text)) throw refusal('a database URL', 'it has a control character');
  if (scheme === 'sqlite') return parseFile(rest, cwd);
  if (scheme === 'csv') return parseFolder(rest, cwd);
  const server = SERVERS[scheme];
  if (server === undefined || !Object.hasOwn(SERVERS, scheme)) {
    // Without // what stands before the colon may be anything, also a password.
    const on = rest.startsWith('//') ? `${scheme}:// URL` : 'a database URL';
    throw refusal(on, 'the scheme is not known', 'URL_SCHEME_UNKNOWN');
  }
  return parseServer({ ...server, scheme }, rest);
}

/** `sqlite:PATH` takes the path as it is written; `sqlite:///abs` is percent-decoded. */
function parseFile(rest: string, cwd: string): FileEndpoint {
  const on = 'sqlite: URL';
  if (rest.includes('?')) throw refusal(on, 'sqlite takes no options', 'URL_OPTION_UNKNOWN');
  if (rest.startsWith('//') && !rest.startsWith('///'))
    throw refusal(on, 'after sqlite:// an absolute path must follow');
  const path = rest.startsWith('///') ? decode(rest.slice(2), on) : rest;
  if (path === '' || path.endsWith('/')) throw refusal(on, 'it names no file');
  if (path.startsWith(':memory:')) throw refusal(on, 'a database in memory is not visible to the workers');
  return { engine: 'sqlite', path: resolve(cwd, path) };
}

/** `csv:FOLDER`, written as the path of a SQLite file is. */
function parseFolder(rest: string, cwd: string): FolderEndpoint {
  const on = 'csv: URL';
  if (rest.includes('?')) throw refusal(on, 'csv takes no options', 'URL_OPTION_UNKNOWN');
  if (rest.startsWith('//') && !rest.startsWith('///')) throw refusal(on, 'after csv:// an absolute path must follow');
  const path = rest.startsWith('///') ? decode(rest.slice(2), on) : rest;
  if (path === '') throw refusal(on, 'it names no folder');
  return { engine: 'csv', path: resolve(cwd, path) };
}

function parseServer(server: { engine: Server; port: number; scheme: string }, rest: string): ServerEndpoint {
  const on = `${server.scheme}:// URL`;
  if (/[\s#]/u.test(rest)) throw refusal(on, 'white space and # must be percent-encoded');
  if (!rest.startsWith('//')) throw refusal(on, 'after the scheme :// must follow');
  const [, authority = '', path = '', , query] = /^\/\/([^/?]*)([^?]*)(\?([^]*))?$/u.exec(rest) ?? [];
  const at = authority.split('@');
  if (at.length !== 2 || path.includes('@') || (query ?? '').includes('@')) {
    throw refusal(on, 'user@host is missing, or @, / or ? in user or password is not percent-encoded');
  }
  const [userinfo = '', place = ''] = at;
  const { host, port } = parsePlace(place, server.port, on);
  const options = parseOptions(query, on);
  return {
    engine: server.engine,
    host,
    port,
    ...parseUser(userinfo, on),
    database: parseDatabase(path, on),
    tls: { mode: options.tlsMode ?? (isLoopback(host) ? 'disable' : 'verify-full') },
    connectTimeoutSeconds: options.connectTimeoutSeconds ?? CONNECT_TIMEOUT_SECONDS_DEFAULT,
  };
}

function parseUser(userinfo: string, on: string): { user: string; password: string } {
  const parts = userinfo.split(':');
  if (parts.length > 2) throw refusal(on, 'a colon in user or password must be percent-encoded');
  const user = decode(parts[0] ?? '', on);
  if (user === '') throw refusal(on, 'the user is missing');
  return { user, password: decode(parts[1] ?? '', on) };
}

function parsePlace(place: string, defaultPort: number, on: string): { host: string; port: number } {
  const [, bracketed, plain, portText] = /^(?:\[([^\][]*)\]|([^:[\]]*))(?::(.*))?$/u.exec(place) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) throw refusal(on, 'host and port are not valid; an IPv6 address stands in brackets');
  if (bracketed !== undefined ? !isIpv6(bracketed) : !isHostName(host)) {
    throw refusal(on, 'the host is not a name or address; unix sockets are not supported');
  }
  if (portText === undefined) return { host: host.toLowerCase(), port: defaultPort };
  const port = /^[0-9]{1,5}$/u.test(portText) ? Number(portText) : 0;
  if (port < 1 || port > 65_535) throw refusal(on, 'the port is not a number from 1 to 65535');
  return { host: host.toLowerCase(), port };
}

function parseDatabase(path: string, on: string): string {
  const database = decode(path.slice(1), on);
  if (database === '') throw refusal(on, 'the database is missing');
  if (path.slice(1).includes('/')) throw refusal(on, 'a / in the database must be percent-encoded');
  return database;
}

function parseOptions(query: string | undefined, on: string): { tlsMode?: TlsMode; connectTimeoutSeconds?: number } {
  const options: { tlsMode?: TlsMode; connectTimeoutSeconds?: number } = {};
  for (const part of query === undefined || query === '' ? [] : query.split('&')) {
    const [, key = '', value = ''] = /^([^=]*)=?([^]*)$/u.exec(part) ?? [];
    if (key === 'sslmode' && options.tlsMode === undefined) {
      options.tlsMode = TLS_MODES.find((mode) => mode === value);
      if (options.tlsMode === undefined) throw refusal(on, 'sslmode is not disable, require or verify-full');
    } else if (key === 'connect_timeout' && options.connectTimeoutSeconds === undefined) {
      options.connectTimeoutSeconds = parseTimeout(value, on);
    } else {
      throw unknownOption(key, on);
    }
  }
  return options;
}

function parseTimeout(value: string, on: string): number {
  const seconds = /^[0-9]{1,3}$/u.test(value) ? Number(value) : 0;
  if (seconds >= 1 && seconds <= CONNECT_TIMEOUT_SECONDS_MAX) return seconds;
  throw refusal(on, `connect_timeout is not a number of seconds from 1 to ${String(CONNECT_TIMEOUT_SECONDS_MAX)}`);
}

/** Only what looks like an option's name is repeated. */
function unknownOption(key: string, on: string): CaravanFailure {
  if (key === 'sslmode' || key === 'connect_timeout') return refusal(on, `the option ${key} is given twice`);
  const name = /^[A-Za-z][A-Za-z_-]{1,40}$/u.test(key) ? `the option ${key}` : 'an option';
  return refusal(on, `${name} is not known`, 'URL_OPTION_UNKNOWN');
}

function decode(text: string, on: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    throw refusal(on, 'a percent-encoding is not valid UTF-8');
  }
  if (hasForbidden(decoded)) throw refusal(on, 'it has a control character');
  return decoded;
}

function hasForbidden(text: string): boolean {
  return /[\u0000-\u001f\u007f]/u.test(text);
}

function isHostName(host: string): boolean {
  return host.length <= 253 && /^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?$/u.test(host) && !host.includes('..');
}

function isIpv6(text: string): boolean {
  return /^[0-9A-Fa-f:.]+$/u.test(text) && text.includes(':') && URL.canParse(`http://[${text}]/`);
}

/** Loopback needs no TLS: nothing leaves the machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.[0-9]{1,3}){3}$/u.test(host);
}

/** For people and for static details: engine, user, place and database, without password and options. */
export function displayEndpoint(endpoint: Endpoint): string {
  if ('path' in endpoint) return `${endpoint.engine}:${endpoint.path}`;
  const database = encodeURIComponent(endpoint.database);
  return `${endpoint.engine}://${encodeURIComponent(endpoint.user)}@${placeOf(endpoint)}/${database}`;
}

/** "host:port", with an IPv6 address in brackets. */
export function placeOf(endpoint: ServerEndpoint): string {
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
  return `${host}:${String(endpoint.port)}`;
}

/** Takes passwords out of any text that may hold URLs or key=value pairs: for logs and for foreign messages. */
export function redactUrl(text: string): string {
  return text
    .replace(/([A-Za-z][A-Za-z0-9+.-]*:\/\/[^\s:@/?#"']*):[^\s"']*@/gu, '$1:***@')
    .replace(/\b(password|passwd|pwd|secret|token)(["']?\s*[=:]\s*["']?)[^\s"'&,;]+/giu, '$1$2***');
}

function refusal(on: string, seen: string, code: FailureCode = 'URL_INVALID'): CaravanFailure {
  return new CaravanFailure(code, { attempted: 'read', on, seen });
}
