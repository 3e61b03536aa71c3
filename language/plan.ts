import type { Document, LineCounter as Lines, Node } from 'yaml';
import { isAlias, isCollection, isMap, isScalar, LineCounter, parseDocument, stringify, visit } from 'yaml';
import type { PlanDocument } from '../contracts/definition.schema.js';
import { PLAN_VERSION, planDocument } from '../contracts/definition.schema.js';
import type { FailureCode } from '../contracts/failures.js';
import { CaravanFailure } from '../contracts/failures.js';
import { hintFor, messageFor } from './plan-hints.js';

/** A plan of 10,000 tables stays below; what is larger is no plan. */
export const PLAN_BYTES = 4 * 1024 * 1024;
const DEPTH = 32;
const ALIASES = 50;
/** All problems are looked for; this many are told. */
const TOLD = 50;
/** Problems that are located and put in order: locating is a walk, and a hostile plan has a problem for each byte. */
const LOCATED = 500;

export interface PlanProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly hint: string;
}

function fail(code: FailureCode, problems: readonly PlanProblem[]): never {
  const sorted = [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
  const told = sorted
    .slice(0, TOLD)
    .map(({ line, column, message, hint }) => `line ${String(line)}, column ${String(column)}: ${message} (${hint})`);
  const more = sorted.length > TOLD ? [`and ${String(sorted.length - TOLD)} more`] : [];
  const [first] = sorted;
  throw new CaravanFailure(code, {
    attempted: 'read the plan',
    on: 'plan',
    seen: [...told, ...more].join('; '),
    facts: { ...(first && { line: first.line, columnNumber: first.column }) },
  });
}

function at(lines: Lines, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/** What is wrong before any schema: size, depth, aliases, twice-given keys. */
function shapeProblems(document: Document.Parsed, lines: Lines): PlanProblem[] {
  const problems: PlanProblem[] = [];
  const add = (node: Node, message: string, hint: string): void => {
    problems.push({ ...at(lines, node.range?.[0] ?? 0), message, hint });
  };
  let aliases = 0;
  visit(document, {
    Alias(_, node) {
      aliases += 1;
      if (aliases === ALIASES + 1) add(node, `more than ${String(ALIASES)} aliases`, 'write the values out');
    },
    Map(_, map, path) {
      if (path.filter(isCollection).length >= DEPTH) {
        add(map, 'nested too deep', 'no plan nests like this');
        return visit.SKIP;
      }
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        const name: unknown = isScalar(key) ? key.value : isAlias(key) ? key.source : undefined;
        if (seen.has(name) && isScalar(key)) add(key, `the key "${String(name)}" is given twice`, 'keep one of them');
        seen.add(name);
      }
      return undefined;
    },
    Seq(_, seq, path) {
      if (path.filter(isCollection).length < DEPTH) return undefined;
      add(seq, 'nested too deep', 'no plan nests like this');
      return visit.SKIP;
    },
  });
  return problems;
}

/** Flow collections nest without end in few bytes, and the parser goes as deep as they do. */
function flowDepth(text: string): number {
  let depth = 0;
  let most = 0;
  for (const character of text) {
    if (character === '[' || character === '{') most = Math.max(most, (depth += 1));
    else if (character === ']' || character === '}') depth = Math.max(0, depth - 1);
    else if (character === '\n') depth = Math.min(depth, DEPTH);
  }
  return most;
}

/** Position of a path: of the node itself, else of the nearest one above it that is there. */
function positionOf(
  document: Document.Parsed,
  lines: Lines,
  path: readonly PropertyKey[],
): { line: number; column: number } {
  for (let length = path.length; length > 0; length -= 1) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    const range = (node as Node | undefined)?.range;
    if (range) return at(lines, range[0]);
  }
  return at(lines, document.contents?.range[0] ?? 0);
}

/** Position of a key that does not belong into the map at `path`. */
function keyPosition(document: Document.Parsed, lines: Lines, where: { path: readonly PropertyKey[]; key: string }) {
  const map: unknown = where.path.length === 0 ? document.contents : document.getIn(where.path, true);
  const pair = isMap(map) ? map.items.find((item) => isScalar(item.key) && item.key.value === where.key) : undefined;
  const range = isScalar(pair?.key) ? pair.key.range : undefined;
  return range ? at(lines, range[0]) : positionOf(document, lines, where.path);
}

function schemaProblems(
  document: Document.Parsed,
  lines: Lines,
  value: unknown,
): { plan?: PlanDocument; problems: PlanProblem[] } {
  const parsed = planDocument.safeParse(value);
  if (parsed.success) return { plan: parsed.data, problems: [] };
  const problems = parsed.error.issues.slice(0, LOCATED).flatMap((issue): PlanProblem[] => {
    const place = issue.path.map(String).join('.') || 'plan';
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.slice(0, TOLD).map((key) => ({
        ...keyPosition(document, lines, { path: issue.path, key }),
        message: `${place} has no field "${key}"`,
        hint: hintFor(issue, key),
      }));
    }
    const message = `${place}: ${messageFor(issue)}`;
    return [{ ...positionOf(document, lines, issue.path), message, hint: hintFor(issue) }];
  });
  return { problems };
}

function parsed(text: string, lines: Lines): Document.Parsed {
  const start = { line: 1, column: 1 };
  if (Buffer.byteLength(text) > PLAN_BYTES) {
    fail('PLAN_INVALID', [
      { ...start, message: `it is larger than ${String(PLAN_BYTES)} bytes`, hint: 'split the migration' },
    ]);
  }
  if (flowDepth(text) > 4 * DEPTH) {
    fail('PLAN_INVALID', [{ ...start, message: 'nested too deep', hint: 'no plan nests like this' }]);
  }
  try {
    // Twice-given keys are found by our own walk: the library compares every pair of keys.
    return parseDocument(text, {
      lineCounter: lines,
      uniqueKeys: false,
      prettyErrors: false,
      version: '1.2',
      schema: 'core',
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return fail('PLAN_INVALID', [{ ...start, message: 'nested too deep', hint: 'no plan nests like this' }]);
  }
}

/** A plan from its YAML. Every problem is told at once, each with line, column and what to do. */
export function parsePlan(text: string): PlanDocument {
  const lines = new LineCounter();
  const document = parsed(text, lines);
  const syntax = [...document.errors, ...document.warnings].slice(0, LOCATED).map((error) => ({
    ...at(lines, error.pos[0]),
    ...(/stack/i.test(error.message)
      ? { message: 'nested too deep', hint: 'no plan nests like this' }
      : { message: error.message, hint: 'correct the YAML' }),
  }));
  if (syntax.length > 0) fail('PLAN_INVALID', syntax);
  const shape = shapeProblems(document, lines);
  if (shape.length > 0) fail('PLAN_INVALID', shape);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: ALIASES });
  } catch (error) {
    if (!(error instanceof ReferenceError || error instanceof RangeError)) throw error;
    fail('PLAN_INVALID', [
      { line: 1, column: 1, message: 'its aliases grow without end', hint: 'write the values out' },
    ]);
  }
  const version = isMap(document.contents) ? document.get('caravan_plan') : undefined;
  if (typeof version === 'number' && version !== PLAN_VERSION) {
    const place = positionOf(document, lines, ['caravan_plan']);
    const message = `caravan_plan is ${String(version)}, and this build reads ${String(PLAN_VERSION)}`;
    fail('PLAN_VERSION', [{ ...place, message, hint: 'make the plan again' }]);
  }
  const { plan, problems } = schemaProblems(document, lines, value);
  return plan ?? fail('PLAN_INVALID', problems);
}

const HEADER = `# A plan of Caravan: what becomes of every table, and in which order.
# Change it, give it back with "caravan migrate --plan FILE", and it is checked against the source before anything runs.
# - To leave a table out, remove it from migration.tables; its tasks go with it.
# - confidence and reasons say why a column became what it is. They change nothing.
# - notMigrated lists what stays behind, and why.
`;

/** The plan as YAML, fields in the schema's order; parsePlan gives the same document back. */
export function writePlan(document: PlanDocument): string {
  const ordered = planDocument.parse(document);
  return HEADER + stringify(ordered, { lineWidth: 0, aliasDuplicateObjects: false, version: '1.2', schema: 'core' });
}
