import type { FastifyRequest } from 'fastify';
import { isLoopback } from '../../config/config.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { LEAST_ROLE, mayDo } from './roles.js';
import type { Action, Caller } from './roles.js';
import { refused } from './tokens.js';
import type { VerifyToken } from './tokens.js';

/** What everybody is who reaches an API without tokens. */
export type Authenticate = (request: FastifyRequest) => Promise<Caller>;

export function bearerAuthentication(verify: VerifyToken): Authenticate {
  return async ({ headers }) => {
    const token = /^Bearer ([\w.~+/=-]{1,8192})$/iu.exec(headers.authorization ?? '')?.[1];
    if (token === undefined) throw refused('there is none in the header "Authorization"');
    return verify(token);
  };
}

/**
 * Only for a loopback address with nothing configured: who reaches it is the user of the machine, unless a web page
 * speaks through the user's browser.
 */
export function localAuthentication(user: string): Authenticate {
  return ({ headers }) => {
    const { host = '', origin, 'sec-fetch-site': site = 'none' } = headers;
    const isOurs = isLoopback(host.replace(/:\d+$/u, ''));
    const isPage = (origin !== undefined && origin !== `http://${host}`) || (site !== 'none' && site !== 'same-origin');
    if (isOurs && !isPage) return Promise.resolve({ subject: user, role: 'admin' });
    throw new CaravanFailure('PERMISSION_DENIED', {
      attempted: 'take a request for',
      on: host.slice(0, 200),
      seen: 'without tokens only this machine itself may call, and no web page',
      next: 'Call 127.0.0.1, or configure tokens.',
    });
  };
}

/** @throws CaravanFailure PERMISSION_DENIED that names the role that is needed. */
export function requireAction(caller: Caller, action: Action): void {
  if (mayDo(caller.role, action)) return;
  throw new CaravanFailure('PERMISSION_DENIED', {
    attempted: `let "${caller.role ?? 'nobody'}"`,
    on: action,
    seen: `it needs the role "${LEAST_ROLE[action] ?? ''}"`,
  });
}
