import { createHash } from 'node:crypto';
import { Document, isNode } from 'yaml';
import { canonicalJson } from '../contracts/canonical-json.js';
import { planDocument, workflowDefinition } from '../contracts/definition.schema.js';
import type { WorkflowDefinition } from '../contracts/definition.js';
import { againstSchema, inOrder, located, refuse, unwrapped } from './check-document.js';
import { isRaw } from './definition-raw.js';
import { ruleProblems } from './definition-rules.js';
import type { PatternTemplates } from './pattern-templates.js';
import { expandPatterns } from './pattern-templates.js';
import type { DefinitionSource } from './read-document.js';
import { readDocument } from './read-document.js';
import type { DefinitionProblem, Path, Position } from './read.js';

export type { DefinitionSource } from './read-document.js';
export type { DefinitionProblem, Position } from './read.js';

/** Either a definition, or at least one problem, in the order of the text. */
export type CheckedDefinition =
  | {
      readonly definition: WorkflowDefinition;
      readonly problems: readonly [];
      readonly positionOf: (path: Path) => Position;
    }
  | {
      readonly definition?: undefined;
      readonly problems: readonly DefinitionProblem[];
      /** Registered patterns that it needs and that were not given: with them there is more to be said. */
      readonly patterns?: readonly string[];
    };

export interface ParsedDefinition {
  /** Defaults filled in, quantities as numbers; `writeDefinition` gives a text that reads as the same. */
  readonly definition: WorkflowDefinition;
  /** SHA-256 hex of its canonical JSON: the same for any layout, comment or key order of the text. */
  readonly hash: string;
  /** Where a part of the definition stands in the text: `['tasks', 0, 'agent']`. */
  readonly positionOf: (path: Path) => Position;
}

/**
 * Checks a workflow definition, or a migration plan, and tells everything that is wrong with it. Custom patterns are
 * expanded by `templates`, so that what comes out is complete.
 */
export function checkDefinition(source: DefinitionSource, templates: PatternTemplates = new Map()): CheckedDefinition {
  const read = readDocument(source);
  const { value: written, path, problems } = unwrapped(read);
  if (!isRaw(written)) return { problems: inOrder(problems) };
  const isPlan = written['caravan_plan'] !== undefined || written['migration'] !== undefined;
  const expanded = isPlan ? undefined : expandPatterns(written, path, templates);
  if (expanded !== undefined && expanded.problems.length > 0) {
    const told = expanded.problems.map((problem) => located(read, problem));
    return { problems: inOrder([...problems, ...told]), patterns: expanded.missing };
  }
  const value = expanded?.value ?? written;
  const schema = isPlan ? planDocument : workflowDefinition;
  const { data, problems: wrong } = againstSchema<WorkflowDefinition>(schema, value, { read, path });
  // The graph of a plan is made anew where it does not fit its tables, so the rules do not hold it.
  const rules = isPlan ? [] : ruleProblems(value, path).map((rule) => located(read, rule));
  const all = [...problems, ...wrong, ...rules];
  if (data === undefined || all.length > 0) return { problems: inOrder(all) };
  return { definition: data, problems: [], positionOf: (inner) => read.positionOf([...path, ...inner]) };
}

/**
 * A workflow definition, or a migration plan, from YAML or JSON.
 * @throws CaravanFailure DEFINITION_INVALID, with every problem in its message; facts name the first place.
 */
export function parseDefinition(source: DefinitionSource, templates?: PatternTemplates): ParsedDefinition {
  const checked = checkDefinition(source, templates);
  if (checked.definition === undefined) return refuse('DEFINITION_INVALID', { what: 'definition' }, checked.problems);
  const { definition, positionOf } = checked;
  return { definition, hash: definitionHash(definition), positionOf };
}

export function definitionHash(definition: WorkflowDefinition): string {
  return createHash('sha256').update(canonicalJson(definition)).digest('hex');
}

const HEADER = '# A workflow definition of Caravan. "caravan workflow validate FILE" checks it.\n';

/** The definition as YAML, without the outer key. */
export function writeDefinition(definition: WorkflowDefinition): string {
  return HEADER + yamlOf(definition);
}

/** Lines in front of a part of a document. */
export interface Comment {
  readonly path: readonly (string | number)[];
  readonly lines: readonly string[];
}

export function yamlOf(value: unknown, comments: readonly Comment[] = []): string {
  const document = new Document(value, { aliasDuplicateObjects: false, version: '1.2', schema: 'core' });
  for (const { path, lines } of comments) {
    const node = document.getIn(path, true);
    if (lines.length > 0 && isNode(node)) node.commentBefore = lines.map((line) => ` ${inOneLine(line)}`).join('\n');
  }
  return document.toString({ lineWidth: 0 });
}

/** Names of the source may hold anything: what would end the comment, or cannot stand in YAML, is written as JSON would. */
function inOneLine(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\ufeff]/gu,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
