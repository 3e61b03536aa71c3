import type { FastifyError, FastifyReply } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { CaravanFailure, FAILURES } from '../../contracts/failures.js';
import type { FailureCode, FailureParts, FailureReport } from '../../contracts/failures.js';
import { reportOfThrown } from '../../platform/temporal/failure-report.js';
import { STATUSES } from './statuses.js';

export const PROBLEM_TYPE = 'application/problem+json';

const problemError = z.strictObject({
  path: z.string().describe('Keys and indexes that lead there, joined by dots; empty for the whole.'),
  message: z.string(),
  hint: z.string().optional(),
  line: z.int().optional(),
  column: z.int().optional(),
});
export type ProblemError = z.infer<typeof problemError>;

/** Problem details after RFC 9457, with the catalogue's code and advice. */
export const problem = z
  .strictObject({
    type: z.string().describe('Page of the code, relative to this API.'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(Object.keys(FAILURES) as [FailureCode, ...FailureCode[]]),
    next: z.string(),
    errors: z.array(problemError).optional().describe('Everything that is wrong, where there is more to say.'),
    execution_id: z.string().optional().describe('The execution that is in the way.'),
  })
  .meta({ id: 'Problem' });
type Problem = z.infer<typeof problem>;

/** For the response schemas of a route: what else it may answer, beside what every route may. */
export function problems<Status extends number>(...statuses: readonly Status[]) {
  const content = { content: { [PROBLEM_TYPE]: { schema: problem } } };
  const all = [...new Set([401, 403, 422, 500, 503, ...statuses])].sort((a, b) => a - b);
  return Object.fromEntries(
    all.map((status) => [status, { description: MEANINGS[status] ?? 'refused', ...content }]),
  ) as unknown as Record<Status, z.ZodType<Problem>>;
}

export const MEANINGS: Readonly<Record<number, string>> = {
  400: 'Not understood, or an orchestration pattern that there is not.',
  401: 'No valid token.',
  403: 'The role does not allow it.',
  404: 'There is no such thing.',
  409: 'Not now: the state does not allow it.',
  413: 'Too large.',
  415: 'A content type that is not taken here.',
  422: 'Not valid; `errors` names everything that is wrong.',
  500: 'A defect of ours; the log says more.',
  503: 'A part of the system does not answer; try again.',
  507: 'Not enough agents or resources.',
};

/** A refusal that says more than its code. */
export class Refusal extends CaravanFailure {
  readonly more: Pick<Problem, 'errors' | 'execution_id'> & Partial<Pick<Problem, 'status'>>;

  constructor(code: FailureCode, parts: FailureParts, more: Refusal['more'], cause?: unknown) {
    super(code, parts, cause);
    this.more = more;
  }
}

export function sendProblem(reply: FastifyReply, error: unknown): FastifyReply {
  const body = problemOf(error);
  if (body.status === 401) reply.header('www-authenticate', 'Bearer realm="caravan", error="invalid_token"');
  return reply
    .code(body.status)
    .header('cache-control', 'no-store')
    .type(PROBLEM_TYPE)
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send(body);
}

export function problemOf(error: unknown): Problem {
  const thrown = refusalOf(error);
  if (thrown instanceof CaravanFailure) return told(thrown, thrown instanceof Refusal ? thrown.more : {});
  const report = reportOfThrown(thrown);
  // What is thrown by accident may say anything.
  if (report.code === 'INTERNAL') return told({ ...report, message: FAILURES.INTERNAL.means }, {});
  return told(report, {});
}

function told({ code, message, next }: FailureReport | CaravanFailure, more: Refusal['more']): Problem {
  const { means } = FAILURES[code];
  const type = `/docs/failures/${code}`;
  return { type, title: means.replace(/\.$/u, ''), status: STATUSES[code], detail: message, code, next, ...more };
}

/** What the framework refused, in the catalogue's terms; anything else as it is. */
function refusalOf(error: unknown): unknown {
  if (hasZodFastifySchemaValidationErrors(error)) {
    const errors = error.validation.map(({ instancePath, message }) => ({
      path: instancePath.split('/').slice(1).join('.'),
      message: message ?? 'it is not valid',
    }));
    const where = (error as FastifyError).validationContext ?? 'body';
    return invalid(where === 'querystring' ? 'query' : where, errors, error);
  }
  const { code, statusCode = 500 } = error as Partial<FastifyError>;
  if (error instanceof CaravanFailure || typeof code !== 'string' || !code.startsWith('FST_') || statusCode >= 500)
    return error;
  const known: FailureCode =
    statusCode === 413 ? 'BODY_TOO_LARGE' : statusCode === 415 ? 'MEDIA_TYPE_UNKNOWN' : 'BODY_UNREADABLE';
  return new CaravanFailure(known, { attempted: 'read', on: 'the request', seen: `it is refused (${code})` }, error);
}

/** INPUT_INVALID, with everything that is wrong. */
export function invalid(what: string, errors: readonly ProblemError[], cause?: unknown): Refusal {
  const seen = errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
  const parts = { attempted: 'read', on: what, seen: seen.slice(0, 2000), next: 'Correct what "errors" names.' };
  return new Refusal('INPUT_INVALID', parts, { errors: [...errors] }, cause);
}
