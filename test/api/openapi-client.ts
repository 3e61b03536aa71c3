import { z } from 'zod';

/** What the client reads of an OpenAPI document. */
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[];
  readonly requestBody?: { readonly content: Content; readonly required?: boolean };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}
type Content = Readonly<Record<string, { readonly schema: object }>>;

export interface Call {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Fields of answers that tests look at. Which of them an answer has, the document says, and the client checks. */
export interface AnswerBody {
  readonly status: string | number;
  readonly code: string;
  readonly phase: string;
  readonly type: string;
  readonly workflow_id: string;
  readonly execution_id: string;
  readonly execution_url: string;
  readonly migration_id: string;
  readonly mapping_id: string;
  readonly yaml: string;
  readonly checkpoint_id: string | null;
  readonly last_checkpoint_id: string | null;
  readonly version: number;
  readonly next_after: number;
  readonly lease_seconds: number;
  readonly plan_hash: string | null;
  readonly agents: readonly { readonly agent_id: string; readonly executions?: number }[];
  readonly tasks: readonly { readonly id: string; readonly state: string }[];
  readonly events: readonly { readonly type: string; readonly seq: number }[];
  readonly executions: readonly { readonly execution_id: string }[];
  readonly migrations: readonly { readonly migration_id: string; readonly status?: string }[];
  readonly workflows: readonly { readonly workflow_id: string }[];
  readonly patterns: readonly { readonly name: string }[];
  readonly errors: readonly { readonly path: string; readonly line?: number; readonly column?: number }[];
  readonly questions: readonly { readonly id: string; readonly options: readonly string[] }[];
  readonly findings: readonly { readonly id: string; readonly disposition: string }[] | null;
  readonly rules: readonly {
    readonly id: string;
    readonly says: string;
    readonly state: string;
    readonly by?: string;
    readonly checked?: { readonly target_broken: number };
  }[];
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
  readonly sourceRow: { readonly state: string };
  readonly definition: { readonly timeout?: number };
  readonly validation_report: { readonly warnings: readonly string[] };
  readonly performance_metrics: {
    readonly tasks: Readonly<Partial<Record<string, number>>>;
    readonly progress: number;
  };
  readonly running: number;
  readonly error_details?: { readonly code: string };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: AnswerBody;
}

export interface OpenApiClient {
  readonly document: Document;
  /** Sends what the document calls `operation`; refuses whatever the document does not say, of request and answer. */
  call(operation: string, call?: Call): Promise<Answer>;
  /** As somebody else. */
  as(token: string | undefined): OpenApiClient;
}

/** A client that is made from the document alone. */
export async function clientFromDocument(url: string, token?: string): Promise<OpenApiClient> {
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as Document;
  return clientOf(url, document, token);
}

function clientOf(url: string, document: Document, token: string | undefined): OpenApiClient {
  const operations = new Map<string, { path: string; method: string; operation: Operation }>();
  for (const [path, methods] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(methods))
      operations.set(operation.operationId, { path, method, operation });
  const schemaOf = schemas(document);
  return {
    document,
    as: (other) => clientOf(url, document, other),
    call: async (name, call = {}) => {
      const found = operations.get(name);
      if (found === undefined) throw new Error(`the document has no operation "${name}"`);
      const { path, method, operation } = found;
      const content = operation.requestBody?.content['application/json'];
      if (call.body === undefined && operation.requestBody?.required === true) throw new Error(`${name} needs a body`);
      if (call.body !== undefined) {
        if (content === undefined) throw new Error(`${name} takes no body`);
        check(`the body of ${name}`, schemaOf(content.schema), call.body);
      }
      const response = await fetch(`${url}${placed(path, operation, call)}`, {
        method: method.toUpperCase(),
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...call.headers,
        },
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      });
      return answerOf(name, operation, response, schemaOf);
    },
  };
}

async function answerOf(
  name: string,
  operation: Operation,
  response: Response,
  schemaOf: (schema: object) => z.ZodType,
): Promise<Answer> {
  const { status, headers } = response;
  const documented = operation.responses[String(status)];
  const text = await response.text();
  if (documented === undefined) throw new Error(`${name} answered ${String(status)}, which is not documented: ${text}`);
  if (text === '') return { status, headers, body: {} as AnswerBody };
  const type = headers.get('content-type')?.split(';')[0] ?? '';
  const content = documented.content?.[type];
  if (content === undefined) throw new Error(`${name} ${String(status)} is "${type}", which is not documented`);
  const body = JSON.parse(text) as AnswerBody;
  check(`the answer ${String(status)} of ${name}`, schemaOf(content.schema), body);
  return { status, headers, body };
}

function placed(path: string, { parameters = [] }: Operation, { params = {}, query = {} }: Call): string {
  const filled = path.replaceAll(/\{(\w+)\}/gu, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  for (const name of Object.keys(query))
    if (!parameters.some((each) => each.in === 'query' && each.name === name)) throw new Error(`no parameter ${name}`);
  const search = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
  return search === '' ? filled : `${filled}?${search}`;
}

function check(what: string, schema: z.ZodType, value: unknown): void {
  const parsed = schema.safeParse(value);
  if (!parsed.success)
    throw new Error(`${what} is not as documented: ${parsed.error.message}\n${JSON.stringify(value)}`);
}

/** Schemas of the document, made once each. */
function schemas(document: Document): (schema: object) => z.ZodType {
  const made = new Map<object, z.ZodType>();
  const local = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value).replaceAll('#/components/schemas/', '#/$defs/'));
  const $defs = local(document.components.schemas);
  return (schema) => {
    const known = made.get(schema) ?? z.fromJSONSchema({ ...(local(schema) as object), $defs } as never);
    made.set(schema, known);
    return known;
  };
}
