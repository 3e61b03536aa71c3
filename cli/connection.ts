import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import type { Endpoint, ServerEndpoint } from '../contracts/endpoint.js';
import { CaravanFailure } from '../contracts/failures.js';
import { parseEndpointUrl } from '../platform/secrets/endpoint-url.js';
import { isPasswordReference } from '../platform/secrets/password-reference.js';
import type { CliContext } from './cli-context.js';
import { maintain } from './maintain.js';
import { withSession } from './session.js';
import { patient } from './patience.js';
import { printable, textTable } from './text-table.js';

/** Options of `connection add`: the password may come from anywhere but the command line, where others see it. */
export interface AddOptions {
  readonly replace?: boolean;
  /** Name of a variable of this command's environment, read now. */
  readonly passwordEnv?: string;
  readonly passwordFile?: string;
  readonly passwordStdin?: boolean;
  /** `env:NAME` or `file:/absolute/path`, read by the workers each time they connect. */
  readonly passwordRef?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export async function runConnectionAdd(
  context: CliContext,
  connection: { name: string; url: string },
  options: AddOptions,
): Promise<number> {
  const { name, url } = connection;
  checkName(name);
  const endpoint = await completeEndpoint(context, parseEndpointUrl(url, context.cwd), options);
  return withSession(context, async ({ store }) => {
    await patient(() => store.connections.put(name, endpoint, { replace: options.replace === true }));
    context.print(`connection ${name} is stored, sealed`);
    return 0;
  });
}

export async function runConnectionList(context: CliContext, options: { json?: boolean }): Promise<number> {
  return withSession(
    context,
    async ({ store }) => {
      const connections = await patient(() => store.connections.list());
      if (options.json === true) {
        context.print(JSON.stringify({ connections }));
        return 0;
      }
      if (connections.length === 0) context.print('no connections yet');
      const rows = connections.map(({ name, engine, place, user, migrationId }) =>
        [name, engine, place, user ?? '-', migrationId === null ? '-' : 'one migration'].map(printable),
      );
      if (rows.length > 0)
        for (const line of textTable([['NAME', 'ENGINE', 'PLACE', 'USER', 'FOR'], ...rows])) context.print(line);
      return 0;
    },
    { loud: options.json !== true },
  );
}

export async function runConnectionRemove(context: CliContext, name: string): Promise<number> {
  return withSession(context, async ({ store }) => {
    if (!(await patient(() => store.connections.remove(name)))) throw unknownConnection(name);
    context.print(`connection ${name} is removed`);
    return 0;
  });
}

/** Connects from a worker: what counts is whether the workers reach the database. */
export async function runConnectionTest(context: CliContext, name: string): Promise<number> {
  return withSession(context, async (session) => {
    const known = await patient(() => session.store.connections.list());
    if (!known.some((connection) => connection.name === name)) throw unknownConnection(name);
    const { tested } = await maintain(session, { test: name });
    if (tested === undefined) {
      throw new CaravanFailure('INTERNAL', {
        attempted: 'test the connection',
        on: name,
        seen: 'the workers did not test it',
      });
    }
    const { engine, version, milliseconds } = tested;
    context.print(
      `connection ${name} works: ${engine} ${printable(version)}, in ${String(Math.round(milliseconds))} ms`,
    );
    return 0;
  });
}

function unknownConnection(name: string): CaravanFailure {
  return new CaravanFailure('CONNECTION_UNKNOWN', {
    attempted: 'find the connection',
    on: name,
    seen: 'there is none',
  });
}

/** A name must never look like a URL. */
function checkName(name: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/u.test(name)) return;
  throw new CaravanFailure('USAGE', {
    attempted: 'use the name',
    on: name.slice(0, 100),
    seen: 'it is not 1 to 100 letters, digits and . _ - that begin with a letter or digit',
  });
}

async function completeEndpoint(context: CliContext, endpoint: Endpoint, options: AddOptions): Promise<Endpoint> {
  const password = await givenPassword(context, options);
  const files = { ca: options.ca, cert: options.cert, key: options.key };
  const isPlain = password === undefined && Object.values(files).every((file) => file === undefined);
  if (isPlain) return endpoint;
  if ('path' in endpoint) throw usage(endpoint.engine, 'a file takes no password and no certificate');
  return { ...endpoint, password: password ?? endpoint.password, tls: tlsOf(context, endpoint, files) };
}

type TlsFiles = Readonly<Record<'ca' | 'cert' | 'key', string | undefined>>;

function tlsOf({ cwd }: CliContext, endpoint: ServerEndpoint, files: TlsFiles): ServerEndpoint['tls'] {
  const given = Object.entries(files).filter((entry): entry is [string, string] => entry[1] !== undefined);
  if (given.length === 0) return endpoint.tls;
  if (endpoint.tls.mode === 'disable')
    throw usage('--ca, --cert, --key', 'TLS is off; say sslmode=require or verify-full');
  if ((files.cert === undefined) !== (files.key === undefined)) throw usage('--cert and --key', 'one needs the other');
  return { ...endpoint.tls, ...Object.fromEntries(given.map(([name, path]) => [name, readGiven(resolve(cwd, path))])) };
}

async function givenPassword(context: CliContext, options: AddOptions): Promise<string | undefined> {
  const { passwordEnv, passwordFile, passwordStdin, passwordRef } = options;
  const ways = [passwordEnv, passwordFile, passwordStdin === true ? '' : undefined, passwordRef];
  if (ways.filter((way) => way !== undefined).length > 1)
    throw usage('--password-…', 'it is given in more than one way');
  if (passwordEnv !== undefined) {
    const value = context.config.environment[passwordEnv];
    if (value === undefined) throw usage(passwordEnv, 'the variable is not set');
    return value;
  }
  if (passwordFile !== undefined) return withoutNewline(readGiven(resolve(context.cwd, passwordFile)));
  if (passwordStdin === true) return withoutNewline(await readAll(process.stdin));
  if (passwordRef !== undefined && !isPasswordReference(passwordRef)) {
    throw usage('--password-ref', 'it is not env:NAME or file:/absolute/path');
  }
  return passwordRef;
}

function readGiven(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw usage(path, `the file cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
}

function withoutNewline(text: string): string {
  return text.replace(/\r?\n$/u, '');
}

function usage(on: string, seen: string): CaravanFailure {
  return new CaravanFailure('USAGE', { attempted: 'use', on, seen });
}
