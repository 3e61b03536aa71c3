import type { Document, Node } from 'yaml';
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Alias, Scalar, YAMLMap } from 'yaml';
import { RESERVED_NAMES } from '../contracts/definition.js';
import type { DefinitionProblem, Path, Position, ReadDocument } from './read.js';
import { DEPTH, LOCATED, TOO_DEEP } from './read.js';

const ALIASES = 50;
/** Nodes that aliases may add. */
const EXPANDED = 100_000;

function at(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/** What an anchor stands for, with what an alias of it adds. */
interface Anchored {
  readonly value: unknown;
  readonly nodes: number;
  readonly height: number;
}

/** Nodes to plain values, in one walk that also looks for what no schema sees. */
class YamlValues {
  readonly problems: { node: Node; message: string; hint: string }[] = [];
  /** Its aliases or its depth have no bound: the value is not to be walked. */
  isUnbounded = false;
  readonly #anchors = new Map<string, Anchored>();
  #aliases = 0;
  #expanded = 0;
  #nodes = 0;
  #deepest = 0;

  /** `depth`: collections around the node. */
  value(node: unknown, depth: number): unknown {
    if (isAlias(node)) return this.#alias(node, depth);
    const { anchor } = node as { anchor?: string };
    if (anchor === undefined) return this.#plain(node, depth);
    const nodes = this.#nodes;
    const deepest = this.#deepest;
    this.#deepest = depth;
    const value = this.#plain(node, depth);
    this.#anchors.set(anchor, { value, nodes: this.#nodes - nodes, height: this.#deepest - depth });
    this.#deepest = Math.max(deepest, this.#deepest);
    return value;
  }

  #add(node: Node, message: string, hint: string): void {
    if (this.problems.length < LOCATED) this.problems.push({ node, message, hint });
  }

  #unbounded(node: Node, what: { message: string; hint: string }): null {
    this.isUnbounded = true;
    this.#add(node, what.message, what.hint);
    return null;
  }

  #alias(node: Alias, depth: number): unknown {
    this.#aliases += 1;
    const anchored = this.#anchors.get(node.source);
    if (anchored === undefined) {
      this.#add(node, 'an alias without an anchor before it', 'write the value out');
      return undefined;
    }
    this.#nodes += anchored.nodes;
    this.#expanded += anchored.nodes;
    const hint = 'write the values out';
    if (this.#aliases === ALIASES + 1)
      return this.#unbounded(node, { message: `more than ${String(ALIASES)} aliases`, hint });
    if (this.#expanded > EXPANDED && !this.isUnbounded)
      return this.#unbounded(node, { message: 'its aliases grow without end', hint });
    if (depth + anchored.height > DEPTH) return this.#unbounded(node, TOO_DEEP);
    this.#deepest = Math.max(this.#deepest, depth + anchored.height);
    return anchored.value;
  }

  #plain(node: unknown, depth: number): unknown {
    this.#nodes += 1;
    if (isScalar(node)) return this.#scalar(node);
    if (!isMap(node) && !isSeq(node)) return null;
    if (depth >= DEPTH) return this.#unbounded(node, TOO_DEEP);
    this.#deepest = Math.max(this.#deepest, depth + 1);
    if (isMap(node)) return this.#map(node, depth + 1);
    return node.items.map((item) => this.value(item, depth + 1));
  }

  #scalar(node: Scalar): unknown {
    const { value, source } = node;
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
    if (!Number.isFinite(value)) this.#add(node, 'the number is not finite', 'use a finite number');
    // Silence would change it: what is read would not be what was written.
    else if (Number.isInteger(value) && !/[.eE]/.test(source ?? ''))
      this.#add(node, 'the number is too large to be kept as it is', 'put it in quotes');
    return value;
  }

  #map(map: YAMLMap, depth: number): Record<string, unknown> {
    const values: Record<string, unknown> = {};
    for (const { key, value } of map.items) {
      const name = this.#key(key, map);
      if (name === undefined) continue;
      if (Object.hasOwn(values, name))
        this.#add(key as Node, `the key "${name.slice(0, 100)}" is given twice`, 'keep one of them');
      values[name] = value === null ? null : this.value(value, depth);
    }
    return values;
  }

  #key(key: unknown, map: YAMLMap): string | undefined {
    const given: unknown = isScalar(key) || isAlias(key) ? this.value(key, DEPTH) : undefined;
    if (typeof given !== 'string' && typeof given !== 'number' && typeof given !== 'boolean') {
      this.#add(
        isScalar(key) || isAlias(key) || isMap(key) || isSeq(key) ? key : map,
        'a key must be a text',
        'name it',
      );
      return undefined;
    }
    const name = String(given);
    if (!RESERVED_NAMES.has(name)) return name;
    this.#add(key as Node, `the key "${name}" is reserved`, 'choose another name');
    return undefined;
  }
}

/** Flow collections nest without end in few bytes, and the parser goes as deep as they do. */
function flowDepth(text: string): number {
  let depth = 0;
  let most = 0;
  for (let offset = 0; offset < text.length; offset += 1) {
    const code = text.charCodeAt(offset);
    if (code === 0x5b || code === 0x7b) most = Math.max(most, (depth += 1));
    else if (code === 0x5d || code === 0x7d) depth = Math.max(0, depth - 1);
    else if (code === 0x0a) depth = Math.min(depth, DEPTH);
  }
  return most;
}

function positionIn(document: Document.Parsed, lines: LineCounter, path: Path, key?: string): Position {
  for (let length = path.length; length >= 0; length -= 1) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (key !== undefined && length === path.length && isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
      const range = isScalar(pair?.key) ? pair.key.range : undefined;
      if (range) return at(lines, range[0]);
    }
    const range = (node as Node | undefined)?.range;
    if (range) return at(lines, range[0]);
  }
  return { line: 1, column: 1 };
}

function parsedText(text: string, lines: LineCounter): Document.Parsed | undefined {
  if (flowDepth(text) > 4 * DEPTH) return undefined;
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
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function syntaxHint(message: string): { message: string; hint: string } {
  if (/stack/i.test(message)) return TOO_DEEP;
  if (/\btabs?\b/i.test(message)) return { message, hint: 'indent with spaces' };
  return { message, hint: 'correct the YAML' };
}

export function readYaml(text: string): ReadDocument {
  const lines = new LineCounter();
  const document = parsedText(text, lines);
  if (document === undefined) return unread([{ line: 1, column: 1, path: '', ...TOO_DEEP }]);
  const syntax = [...document.errors, ...document.warnings].slice(0, LOCATED);
  if (syntax.length > 0) {
    return unread(syntax.map((error) => ({ ...at(lines, error.pos[0]), path: '', ...syntaxHint(error.message) })));
  }
  const values = new YamlValues();
  const value = document.contents === null ? null : values.value(document.contents, 0);
  const problems = values.problems.map(({ node, message, hint }) => ({
    ...at(lines, node.range?.[0] ?? 0),
    path: '',
    message,
    hint,
  }));
  return {
    value: values.isUnbounded ? undefined : value,
    problems,
    isJson: false,
    positionOf: (path, key) => positionIn(document, lines, path, key),
  };
}

function unread(problems: readonly DefinitionProblem[]): ReadDocument {
  return { value: undefined, problems, isJson: false, positionOf: () => ({ line: 1, column: 1 }) };
}
