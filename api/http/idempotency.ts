import { createHash, randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { canonicalJson } from '../../contracts/canonical-json.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { KeyedRequest, RequestStore } from '../../platform/store/engine/engine-store.js';
import type { Log } from '../../platform/telemetry/log.js';
import { PROBLEM_TYPE } from './problems.js';

/** Headers of a command: with a key, the same request again has the same answer and no second effect. */
export const commandHeaders = z.looseObject({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/u)
    .optional()
    .describe('The same key with the same body gives the same answer, for 24 hours, and does nothing twice.'),
});

const keyed = new WeakMap<FastifyRequest, KeyedRequest>();

/** Takes the key of a command, or answers with what was answered before. */
export async function beginCommand(store: RequestStore, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { 'idempotency-key': key } = request.headers;
  if (request.method !== 'POST' || typeof key !== 'string') return;
  const command: KeyedRequest = { caller: request.caller.subject, key, hash: hashOf(request) };
  const known = await store.begin(command);
  if (known === 'begun') {
    keyed.set(request, command);
  } else if (known === 'busy') {
    throw refusal('IDEMPOTENCY_BUSY', key, 'the request with it is not answered yet');
  } else if (known === 'mismatch') {
    throw refusal('IDEMPOTENCY_MISMATCH', key, 'it belongs to another request');
  } else {
    await reply
      .code(known.status)
      .header('idempotency-replayed', 'true')
      .type(known.status < 400 ? 'application/json' : PROBLEM_TYPE)
      .serializer((payload: unknown) => JSON.stringify(payload))
      .send(known.body);
  }
}

/** Keeps the answer. A failure of ours is none: the same request may be tried again. */
export async function endCommand(
  { store, log }: { store: RequestStore; log: Log },
  request: FastifyRequest,
  { statusCode }: FastifyReply,
  payload: unknown,
): Promise<void> {
  const command = keyed.get(request);
  if (command === undefined) return;
  keyed.delete(request);
  try {
    if (statusCode >= 500 || typeof payload !== 'string') await store.forget(command);
    else await store.answer(command, { status: statusCode, body: JSON.parse(payload) });
  } catch {
    log.warn({ event: 'api.answer_not_kept', status: statusCode });
  }
}

/** An id for what the command makes: with a key always the same, so that doing it again does nothing new. */
export function idOfCommand(request: FastifyRequest): string {
  const command = keyed.get(request);
  if (command === undefined) return randomUUID();
  const bytes = createHash('sha256').update(`${command.caller}\n${command.key}\n${command.hash}`).digest();
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/u, '$1-$2-$3-$4-$5');
}

function hashOf({ method, url, body }: FastifyRequest): string {
  const content = body instanceof Uint8Array ? body : canonicalJson(body ?? null);
  return createHash('sha256').update(`${method} ${url}\n`).update(content).digest('hex');
}

function refusal(code: 'IDEMPOTENCY_BUSY' | 'IDEMPOTENCY_MISMATCH', key: string, seen: string): CaravanFailure {
  return new CaravanFailure(code, { attempted: 'use the Idempotency-Key', on: key, seen });
}
