import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Client } from '@temporalio/client';
import type { Config } from '../../config/config.js';
import type { SecretBox } from '../../platform/secrets/secret-box.js';
import type { Store } from '../../platform/store/store.js';
import type { Log } from '../../platform/telemetry/log.js';
import type { Authenticate } from '../auth/authenticate.js';
import type { Action, Caller } from '../auth/roles.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route does; every route has one. */
    action?: Action;
  }
  interface FastifyRequest {
    caller: Caller;
  }
}

/** The server that routes are added to: schemas are zod's. */
export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** What the routes work with. */
export interface ApiParts {
  readonly store: Store;
  readonly client: Client;
  /** Opens and seals what passes through the store. */
  readonly box: SecretBox;
  readonly authenticate: Authenticate;
  readonly log: Log;
  readonly settings: Config['engine'];
  /** Folder of certificates, where workers share this machine. */
  readonly certificates: string;
  readonly version: string;
}
