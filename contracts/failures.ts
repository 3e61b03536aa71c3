/**
 * The closed catalogue of failures. A code is an API: it stands in exit JSON, in histories as
 * `ApplicationFailure.type`, and names its page under docs/failures/. Codes are never renamed.
 *
 * Three dispositions only (house style): `terminal` (never retried), `retryable` (the retry profile decides),
 * `person` (waits for a decision).
 */
export type Disposition = 'terminal' | 'retryable' | 'person';

export interface FailureEntry {
  readonly disposition: Disposition;
  /** Exit code of the command when this ends it before, or after undoing, a migration. */
  readonly exit: 1 | 2 | 4 | 5;
  /** One sentence: what it means. */
  readonly means: string;
  /** What to do next, when the thrower knows nothing better. */
  readonly next: string;
}

const badInput = (means: string, next: string): FailureEntry => ({ disposition: 'terminal', exit: 2, means, next });
const terminal = (means: string, next: string): FailureEntry => ({ disposition: 'terminal', exit: 1, means, next });
const retryable = (means: string, next: string): FailureEntry => ({ disposition: 'retryable', exit: 1, means, next });

export const FAILURES = {
  // Bad input: the target is untouched.
  USAGE: badInput('The command line is not valid.', 'Run the command with --help.'),
  INPUT_INVALID: badInput("The migration's input does not have the documented form.", 'Correct the named field.'),
  URL_INVALID: badInput(
    'A database URL is not valid.',
    'Use scheme://user:password@host:port/database, sqlite:PATH or csv:FOLDER.',
  ),
  URL_OPTION_UNKNOWN: badInput('A database URL carries an unknown option.', 'Use only sslmode and connect_timeout.'),
  URL_SCHEME_UNKNOWN: badInput(
    'A database URL has an unknown scheme.',
    'Use mysql, mariadb, postgres, postgresql, sqlite or csv.',
  ),
  CONNECTION_UNKNOWN: badInput('No connection has this name.', 'Make it with "caravan connection add".'),
  CONNECTION_REFUSED: badInput('The database could not be reached.', 'Check host and port, and that the server runs.'),
  LOGIN_REFUSED: badInput('The database refused the login.', 'Check user and password.'),
  DATABASE_MISSING: badInput('The database does not exist.', 'Create it, or correct the name in the URL.'),
  TLS_REFUSED: badInput('The TLS connection could not be made.', 'Check the certificate, or set sslmode.'),
  SOURCE_FILE_INVALID: badInput(
    'The source file cannot be read as a database.',
    'Check the path; the workers must be able to see it.',
  ),
  CSV_OPTIONS_INVALID: badInput(
    'The file caravan.csv.yaml is not valid, or does not fit the files beside it.',
    'Correct the named lines: see docs/csv.md.',
  ),
  SELECT_MISSING: badInput('The login may not read an included table.', 'Grant SELECT, or exclude the table.'),
  SOURCE_VERSION: badInput('The source server is outside PostgreSQL 12 to 18.', 'Use a supported server.'),
  SOURCE_EMPTY: badInput('Nothing is left to migrate.', 'Check --include and --exclude.'),
  TYPE_UNMAPPED: badInput('A column has a type, key, check or default without a mapping.', 'Exclude the table.'),
  TARGET_CREATE_MISSING: badInput('The login may not create a schema in the target.', 'Grant CREATE on the database.'),
  TARGET_ENCODING: badInput('The target database is not UTF8.', 'Create the database with ENCODING UTF8.'),
  TARGET_VERSION: badInput('The target server is outside PostgreSQL 13 to 18.', 'Use a supported server.'),
  TARGET_EXTENSION_MISSING: badInput(
    'The target lacks an extension, a type or a collation that the plan needs.',
    'Create it in the target database, or exclude the tables that need it.',
  ),
  TARGET_CONFLICT: badInput(
    'The target already has an object with a name of the plan.',
    'Use --on-existing replace, another --target-schema, or move the object.',
  ),
  TARGET_DEPENDENTS: badInput(
    'Something outside the plan depends on a table that would be replaced.',
    'Drop the dependent object, or use another --target-schema.',
  ),
  TARGET_MISFIT: badInput(
    "Tables of the source do not fit the target's own (--mode data-only).",
    'Correct the named things in the target, or say otherwise in the mapping file: see docs/modes.md.',
  ),
  TARGET_LOCKS: badInput(
    'Promotion needs more locks than the target server gives.',
    'Raise max_locks_per_transaction and restart the server.',
  ),
  TARGET_LEASED: badInput(
    'Another migration is at work on this target schema.',
    'Wait for it, cancel it, or run "caravan doctor --fix" when it is gone.',
  ),
  NAME_COLLISION: badInput('Two source names become one target name.', 'Use --identifiers lower or snake.'),
  MAPPING_INVALID: badInput(
    'The mapping file is not valid, or does not fit the source.',
    'Correct the named lines: see docs/mapping-file.md.',
  ),
  PLAN_INVALID: badInput('The plan is not valid.', 'Correct the named line.'),
  DEFINITION_INVALID: badInput('The workflow definition is not valid.', 'Correct the named lines.'),
  PLAN_VERSION: badInput('The plan has an unknown version.', 'Make it again with "caravan plan".'),
  PLAN_STALE: badInput('The plan does not fit this source.', 'Make it again with "caravan plan".'),
  QUESTION_WITHOUT_DEFAULT: badInput('A question has no safe default.', 'Answer it with "caravan answer".'),
  // A person's decision.
  PLAN_REJECTED: { disposition: 'terminal', exit: 4, means: 'The plan was rejected.', next: 'Make a new plan.' },
  DEADLINE_PASSED: { disposition: 'terminal', exit: 4, means: 'Nobody decided in time.', next: 'Start it again.' },
  ALREADY_DECIDED: terminal('Somebody decided first.', 'Nothing; the first decision holds.'),
  NOT_NOW: terminal(
    'The command does not fit the state of the migration or execution.',
    'Look at "caravan list", or "caravan workflow status" of an execution.',
  ),
  // While running.
  SOURCE_LOST: retryable('The connection to the source was lost.', 'It is tried again by itself.'),
  TARGET_LOST: retryable('The connection to the target was lost.', 'It is tried again by itself.'),
  TARGET_FULL: retryable(
    'The target server has no disk space left.',
    'Free space on the target server, or grow its disk: the migration waits for it.',
  ),
  TARGET_BUSY: retryable(
    'The target server has no connection or no lock left to give.',
    'End the sessions that hold them, or raise its limits: the migration waits for it.',
  ),
  SOURCE_BUSY: retryable(
    'The source server has no connection or no lock left to give.',
    'End the sessions that hold them, or raise its limits: the migration waits for it.',
  ),
  SNAPSHOT_LOST: retryable('The process that held the snapshot is gone.', 'The rest is read fresh by itself.'),
  FENCE_LOST: retryable('A newer attempt owns this chunk.', 'Nothing; the newer attempt goes on.'),
  SCHEMA_DRIFT: terminal(
    'The source schema changed while it was read.',
    'Make the tables again as they were and retry, or start the migration again.',
  ),
  VALUE_UNREADABLE: terminal(
    'The source cannot give a value that it holds.',
    'Repair the value in the source, or exclude the table.',
  ),
  ROW_REFUSED: terminal('The target refuses rows that passed every check.', 'Look at the quarantine.'),
  VALUE_REFUSED: terminal(
    'A value has no faithful form, and the plan says to fail then.',
    'Repair the value in the source, or say what becomes of it in the mapping file.',
  ),
  KEY_VIOLATED: terminal('Rows of the source violate a key of the plan.', 'Repair the named rows in the source.'),
  LEDGER_INCOMPLETE: terminal('The chunk ledger does not cover the key space.', 'Report this as a defect.'),
  CHUNKS_UNCHECKED: terminal(
    'Chunks of the shadow were not checked by the validator that their rows must pass.',
    'Keep a worker of the role "verify" running: it checks them, and the migration is promoted.',
  ),
  NOT_EQUAL: terminal('Source and target differ and repair did not converge.', 'Look at the findings.'),
  TARGET_REFUSES_ROWS: terminal(
    "Rows break rules of the target's own tables (--mode data-only).",
    'Look at the findings "constraint_violated"; repair the rows in the source, or leave them out with a filter.',
  ),
  SOURCE_MOVED: terminal('The source changed after it was proven.', 'Stop the writers, or use --on-source-moved.'),
  EXCEPTIONS_REFUSED: terminal('Exceptions were not accepted.', 'Accept the findings, or repair the source.'),
  TABLE_FAILED: terminal('A table failed for good.', 'Look at its error; retry, or exclude it.'),
  PROMOTION_REFUSED: terminal('The target changed so that promotion cannot be made.', 'Look at the named object.'),
  UNDO_INCOMPLETE: {
    disposition: 'person',
    exit: 5,
    means: 'Some of what the migration made could not be undone.',
    next: 'Run "caravan doctor --fix".',
  },
  CANCELLED: terminal(
    'The migration or execution was cancelled.',
    'Of a migration nothing is left in the target; of an execution its status says what is undone. Start it again when ready.',
  ),
  // Executions of the engine.
  EXECUTION_UNKNOWN: badInput('There is no execution with this id.', 'List them with "caravan workflow list".'),
  CHECKPOINT_UNKNOWN: badInput(
    'The execution has no such checkpoint.',
    'Look at its events for the checkpoints it has.',
  ),
  ALLOCATION_FAILED: terminal(
    'Nobody can play an agent of the definition.',
    'Register such an agent, then run it again.',
  ),
  EXPRESSION_FAILED: terminal('An expression of the definition cannot be evaluated.', 'Correct it in the definition.'),
  TASK_FAILED: terminal('A task failed, and its attempts are used up.', 'Look at the agent that ran it.'),
  TASK_REJECTED: terminal(
    'A task was not approved, or its result was not accepted.',
    'Run it again when it is settled.',
  ),
  TASK_OUTPUT_INVALID: terminal(
    'An agent answered what the engine cannot use.',
    'Correct the agent: see docs/agents.md.',
  ),
  TASK_TOO_LARGE: terminal("A task's input or output is larger than 256 KiB.", 'Hand large things over by reference.'),
  TASK_INPUT_INVALID: terminal(
    "A task's input does not have the form that its agent takes.",
    'Correct the input in the definition: see docs/agents.md.',
  ),
  ADDRESS_REFUSED: terminal(
    'The agent "http" may not call this address.',
    'Let the operator name the host in CARAVAN_HTTP_ALLOW.',
  ),
  HTTP_REFUSED: terminal('The server answered, and not as expected.', 'Correct the request, or expect_status.'),
  HTTP_UNAVAILABLE: retryable('The server could not answer.', 'It is tried again as the task says.'),
  SQL_REFUSED: terminal('The statement may not be run, or it failed.', 'Correct the statement.'),
  SQL_UNAVAILABLE: retryable('The database could not answer.', 'It is tried again as the task says.'),
  TASKS_DEADLOCKED: terminal('Tasks wait on each other.', 'Correct the tasks that were added while it ran.'),
  EXECUTION_TIMED_OUT: terminal('The execution took longer than it may.', 'Give it more time, or find what is slow.'),
  EXECUTION_TERMINATED: terminal(
    'The workflow of the execution was terminated, or is gone.',
    'Go on from its last checkpoint.',
  ),
  WORKFLOW_UNKNOWN: badInput('There is no workflow with this id.', 'List them with GET /api/v1/workflows.'),
  EXECUTION_RUNNING: terminal('An execution of this workflow runs already.', 'Wait for its end, or cancel it.'),
  PATTERN_UNSUPPORTED: badInput(
    'There is no such orchestration pattern.',
    'Use one of those that GET /api/v1/patterns/available lists.',
  ),
  PATTERN_UNKNOWN: badInput(
    'No orchestration pattern is registered under this name.',
    'Register it with POST /api/v1/patterns, or use one of those that GET /api/v1/patterns/available lists.',
  ),
  PATTERN_EXISTS: terminal(
    'Another pattern is registered under this name and version.',
    'Give it another version, or delete the one that is there.',
  ),
  RESOURCES_SHORT: badInput(
    'The agents that are registered are too small for the definition.',
    'Register larger agents, or ask for less.',
  ),
  AGENT_UNKNOWN: badInput('No agent is registered under this id.', 'Register it with PUT /api/v1/agents/ID.'),
  MIGRATION_UNKNOWN: badInput('There is no migration with this id.', 'Look at "caravan list".'),
  // The API.
  API_UNPROTECTED: badInput(
    'The API may not be reached by other machines without tokens.',
    'Set CARAVAN_API_JWKS_URL or CARAVAN_API_JWT_SECRET, or listen on 127.0.0.1.',
  ),
  TOKEN_REFUSED: badInput('The request has no valid token.', 'Send "Authorization: Bearer TOKEN" with a fresh token.'),
  PERMISSION_DENIED: badInput('The caller may not do this.', 'Ask somebody with the role that is named.'),
  ROUTE_UNKNOWN: badInput('The API has no such path.', 'Look at /openapi.json.'),
  BODY_UNREADABLE: badInput('The body of the request cannot be read.', 'Send JSON.'),
  BODY_TOO_LARGE: badInput('The body of the request is too large.', 'Send less.'),
  MEDIA_TYPE_UNKNOWN: badInput('The body has a content type that is not taken here.', 'Send application/json.'),
  IDEMPOTENCY_MISMATCH: badInput(
    'The Idempotency-Key was used for another request.',
    'Choose a new key for a new request.',
  ),
  IDEMPOTENCY_BUSY: retryable(
    'A request with this Idempotency-Key is being answered.',
    'Send it again a little later.',
  ),
  // The platform.
  STACK_PART_MISSING: badInput('A part of the local stack cannot be found or installed.', 'Run "caravan doctor".'),
  STACK_UNREACHABLE: terminal('The stack could not be reached.', 'Run "caravan status", then "caravan up".'),
  STORE_LOST: retryable("Caravan's own store could not be reached.", 'It is tried again by itself.'),
  SECRET_KEY_INVALID: badInput('The secret key is missing or does not open what is sealed.', 'Set CARAVAN_SECRET_KEY.'),
  CERTIFICATE_UNREADABLE: badInput('The file is no certificate of a known version.', 'Check the file.'),
  INTERNAL: terminal('Caravan met a state that should not be.', 'Report it with the migration id.'),
} as const satisfies Record<string, FailureEntry>;

export type FailureCode = keyof typeof FAILURES;

/** Facts that may cross the activity border: names, codes, counts; never row values or a driver's message text. */
export interface FailureFacts {
  readonly sqlstate?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
  readonly chunk?: number;
  readonly line?: number;
  readonly columnNumber?: number;
  readonly names?: readonly string[];
}

export interface FailureParts {
  /** What was attempted, as a verb phrase: "connect to", "read the catalogue of". */
  readonly attempted: string;
  /** The identifier it was attempted on; never a secret, never a value. */
  readonly on: string;
  /** What was seen. */
  readonly seen: string;
  /** What to do next; default from the catalogue. */
  readonly next?: string;
  readonly facts?: FailureFacts;
}

/** The only error that Caravan throws on purpose. */
export class CaravanFailure extends Error {
  override readonly name = 'CaravanFailure';
  readonly code: FailureCode;
  readonly seen: string;
  readonly next: string;
  readonly facts: FailureFacts;

  constructor(code: FailureCode, parts: FailureParts, cause?: unknown) {
    const next = parts.next ?? FAILURES[code].next;
    super(`${code}: could not ${parts.attempted} "${parts.on}": ${parts.seen}. ${next}`, { cause });
    this.code = code;
    this.seen = parts.seen;
    this.next = next;
    this.facts = parts.facts ?? {};
  }

  get disposition(): Disposition {
    return FAILURES[this.code].disposition;
  }
}

export function isFailureCode(text: string): text is FailureCode {
  return Object.hasOwn(FAILURES, text);
}

/** The failure as it stands in `--json` and in reports. */
export interface FailureReport {
  readonly code: FailureCode;
  readonly message: string;
  readonly next: string;
}

export function reportOf(failure: CaravanFailure): FailureReport {
  return { code: failure.code, message: failure.message, next: failure.next };
}

/** For the default branch of an exhaustive switch. */
export function assertNever(value: never, what: string): never {
  throw new Error(`unexpected ${what}: ${JSON.stringify(value)}`);
}
