import { ORCHESTRATION_PATTERNS } from '../../contracts/definition.js';
import type { WorkflowDefinition } from '../../contracts/definition.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { planAllocation } from '../../language/allocation.js';
import { checkDefinition } from '../../language/definition.js';
import type { CheckedDefinition, DefinitionProblem, DefinitionSource } from '../../language/definition.js';
import { placedProblems, planDefinition } from '../../language/plan-definition.js';
import { preparedAs } from '../../language/prepared.js';
import type { PreparedDefinition } from '../../language/prepared.js';
import { readDocument } from '../../language/read-document.js';
import type { Path, Position } from '../../language/read.js';
import type { ApiParts } from '../http/api.js';
import { Refusal } from '../http/problems.js';

/** A definition that may be stored, and what its submitter should know. */
export interface Submitted {
  readonly prepared: PreparedDefinition;
  readonly warnings: readonly string[];
}

/**
 * Checks a submitted text: the definition itself in JSON or YAML, or `{definition}` around one.
 * Registered patterns are expanded, so that what is stored runs as it is, whatever becomes of them.
 * @throws CaravanFailure DEFINITION_INVALID, PATTERN_UNSUPPORTED, PATTERN_UNKNOWN, RESOURCES_SHORT
 */
export async function submitted(parts: ApiParts, body: Uint8Array): Promise<Submitted> {
  const source = unwrap(body);
  const checked = await withPatterns(parts, source, checkDefinition(source));
  if (checked.definition === undefined) throw refusalOf(checked);
  const { definition, positionOf } = checked;
  if (definition.caravan_plan !== undefined) throw asInvalid([{ ...positionOf(['caravan_plan']), ...MIGRATION_PLAN }]);
  const prepared = planned(definition, positionOf);
  const lacking = await lackingAgents(parts, definition);
  return { prepared, warnings: [...prepared.report.warnings, ...lacking] };
}

/** @throws Refusal with the place of everything that planning found wrong. */
function planned(definition: WorkflowDefinition, positionOf: (path: Path) => Position): PreparedDefinition {
  const { plan, problems, warnings } = planDefinition(definition);
  if (plan === null) throw asInvalid(placedProblems(problems, positionOf));
  return preparedAs(definition, plan, warnings);
}

const MIGRATION_PLAN = {
  path: 'caravan_plan',
  message: 'a migration plan is no workflow',
  hint: 'start a migration with it',
};

/** Positions are those of the body, but for a definition that stands inside of another object. */
function unwrap(body: Uint8Array): DefinitionSource {
  const { value, problems, isJson } = readDocument(body);
  if (!isJson || typeof value !== 'object' || value === null || !Object.hasOwn(value, 'definition')) return body;
  if (Object.hasOwn(value, 'tasks') || Object.hasOwn(value, 'workflow')) return body;
  if (problems.length > 0) throw asInvalid(problems);
  const { definition, ...others } = value as { definition: unknown };
  const [other] = Object.keys(others);
  if (other !== undefined) {
    const message = `nothing may stand beside "definition", but "${other.slice(0, 100)}" does`;
    throw asInvalid([{ line: 1, column: 1, path: other, message, hint: 'remove it' }]);
  }
  if (typeof definition === 'string' || (typeof definition === 'object' && definition !== null)) return definition;
  const message = 'the definition is no map';
  throw asInvalid([{ line: 1, column: 1, path: 'definition', message, hint: 'begin with "name"' }]);
}

/** Checks it again with the registered patterns that it needs. */
async function withPatterns(
  { store }: ApiParts,
  source: DefinitionSource,
  checked: CheckedDefinition,
): Promise<CheckedDefinition> {
  if (checked.definition !== undefined || checked.patterns === undefined) return checked;
  const stored = await store.engine.patterns.get(checked.patterns);
  return checkDefinition(source, new Map(stored.map(({ pattern }) => [pattern.name, pattern])));
}

function refusalOf({ problems, patterns: missing = [] }: Exclude<CheckedDefinition, { definition: object }>): Refusal {
  if (missing.length > 0) return unknownPatterns(missing, problems);
  const patterns = problems.filter(({ path, message }) => isUnknownPattern(path, message));
  return patterns.length > 0 ? unsupported(problems) : asInvalid(problems);
}

function isUnknownPattern(path: string, message: string): boolean {
  return path.split('.').at(-1) === 'orchestration_pattern' && !message.endsWith('it is missing');
}

function asInvalid(problems: readonly DefinitionProblem[]): Refusal {
  const [first] = problems;
  const facts = first === undefined ? {} : { line: first.line, columnNumber: first.column };
  const seen = problems.map(toldAt).join('; ').slice(0, 2000);
  return new Refusal(
    'DEFINITION_INVALID',
    { attempted: 'read the definition', on: 'body', seen, facts, next: 'Correct what "errors" names.' },
    { errors: [...problems] },
  );
}

function unknownPatterns(names: readonly string[], problems: readonly DefinitionProblem[]): Refusal {
  const on = names.slice(0, 10).join(', ').slice(0, 500);
  const parts = { attempted: 'use the pattern', on, seen: problems.map(toldAt).join('; ').slice(0, 2000) };
  // The definition cannot be understood; it is not this path that there is not.
  return new Refusal('PATTERN_UNKNOWN', parts, { errors: [...problems], status: 400 });
}

function unsupported(problems: readonly DefinitionProblem[]): Refusal {
  const seen = `there are ${ORCHESTRATION_PATTERNS.join(', ')}; ${problems.map(toldAt).join('; ')}`.slice(0, 2000);
  return new Refusal(
    'PATTERN_UNSUPPORTED',
    { attempted: 'use the orchestration pattern of', on: 'body', seen },
    { errors: [...problems] },
  );
}

function toldAt({ line, column, message, hint }: DefinitionProblem): string {
  return `line ${String(line)}, column ${String(column)}: ${message} (${hint})`;
}

/** Agents that may still come are a warning; registered ones that can never do it are too few resources. */
async function lackingAgents({ store, settings }: ApiParts, definition: WorkflowDefinition): Promise<string[]> {
  const { lacking } = planAllocation(definition, await store.engine.agents.living(settings.agentLeaseSeconds));
  const small = lacking.filter(({ reason }) => reason === 'resources');
  if (small.length > 0) {
    throw new CaravanFailure('RESOURCES_SHORT', {
      attempted: 'find agents for',
      on: definition.name,
      seen: small.map(({ agent, type }) => `no agent of type "${type}" has the resources of "${agent}"`).join('; '),
    });
  }
  return lacking.map(
    ({ agent, type, wanted, allocated }) =>
      `agent "${agent}": ${String(allocated)} of ${String(wanted)} of type "${type}" are registered now`,
  );
}
