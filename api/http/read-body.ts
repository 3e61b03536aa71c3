import type { FastifyInstance, FastifyRequest, FastifySchemaCompiler } from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import type { $ZodType } from 'zod/v4/core';
import { CaravanFailure } from '../../contracts/failures.js';
import { readJson } from '../../language/read-json.js';
import { Refusal, invalid } from './problems.js';

/** Bytes of a body, where a route says nothing. */
export const BODY_BYTES = 1024 * 1024;

/** JSON only, read strictly: no key twice, no reserved name, no number that cannot be kept. */
export function takeJson(api: FastifyInstance): void {
  api.removeAllContentTypeParsers();
  api.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit: BODY_BYTES }, (_request, body, done) => {
    try {
      done(null, readJsonBody(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
}

/** The framework hands over null where there is no body: that takes the schema's default. */
export const strictValidator: FastifySchemaCompiler<$ZodType> = (route) => {
  const validate = validatorCompiler(route);
  return route.httpPart === 'body' ? (value: unknown) => validate(value ?? undefined) : validate;
};

function readJsonBody(body: Buffer): unknown {
  if (body.byteLength === 0) return undefined;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw unreadable('it is not UTF-8', []);
  }
  const { value, problems, isJson } = readJson(text);
  if (problems.length === 0 && value !== null) return value;
  if (value === null) throw invalid('body', [{ path: '', message: 'it is null' }]);
  const errors = problems.map(({ path, message, hint, line, column }) => ({ path, message, hint, line, column }));
  throw isJson ? invalid('body', errors) : unreadable('it is no JSON', errors);
}

function unreadable(seen: string, errors: Refusal['more']['errors'] & object): Refusal {
  return new Refusal('BODY_UNREADABLE', { attempted: 'read', on: 'the body', seen }, { errors });
}

/** Bytes and milliseconds that the rest of a refused body is read for. */
const DRAIN = { bytes: 16 * 1024 * 1024, ms: 2_000 };

/**
 * Reads what is left of a body that nobody wants, and throws it away. A caller that still writes while the
 * connection is closed would see a broken pipe instead of its answer (RFC 9112, section 9.6).
 */
export async function drain({ raw }: FastifyRequest): Promise<void> {
  if (raw.complete || raw.destroyed) return;
  await new Promise<void>((resolve) => {
    let bytes = 0;
    const enough = (): void => {
      clearTimeout(timer);
      raw.off('data', count).off('end', enough).off('close', enough).off('error', enough);
      resolve();
    };
    const count = (chunk: Buffer): void => {
      bytes += chunk.byteLength;
      if (bytes > DRAIN.bytes) enough();
    };
    const timer = setTimeout(enough, DRAIN.ms);
    raw.on('data', count).on('end', enough).on('close', enough).on('error', enough).resume();
  });
}

/** Compressed bodies could grow beyond every limit. */
export function refuseCompressed({ headers }: FastifyRequest): void {
  const { 'content-encoding': encoding = 'identity' } = headers;
  if (encoding === 'identity') return;
  throw new CaravanFailure('MEDIA_TYPE_UNKNOWN', {
    attempted: 'read',
    on: 'the body',
    seen: 'it is compressed',
    next: 'Send it as it is.',
  });
}
