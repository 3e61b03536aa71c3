import { readJson } from './read-json.js';
import { readYaml } from './read-yaml.js';
import type { ReadDocument } from './read.js';

/** Text, bytes that must be UTF-8, or JSON that was parsed elsewhere (positions are of its form with indent 1). */
export type DefinitionSource = string | Uint8Array | object;

/** A plan of 10,000 tables stays below; what is larger is no text of a person. */
const YAML_BYTES = 4 * 1024 * 1024;
/** JSON is made by programs, and costs a fraction of the work. */
const JSON_BYTES = 32 * 1024 * 1024;

function refused(message: string, hint: string): ReadDocument {
  const position = { line: 1, column: 1 };
  const problems = [{ ...position, path: '', message, hint }];
  return { value: undefined, problems, isJson: false, positionOf: () => position };
}

function textOf(source: DefinitionSource): string | undefined {
  if (typeof source === 'string') return source.isWellFormed() ? source : undefined;
  if (!(source instanceof Uint8Array)) return JSON.stringify(source, null, 1);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(source);
  } catch {
    return undefined;
  }
}

/** Reads YAML or JSON. What is wrong before any schema is told: size, depth, aliases, keys, numbers. */
export function readDocument(source: DefinitionSource, begin = 'write at least a name and a task'): ReadDocument {
  if (source instanceof Uint8Array && source.byteLength > JSON_BYTES) return tooLarge(JSON_BYTES);
  let text: string | undefined;
  try {
    text = textOf(source);
  } catch (error) {
    // JSON.stringify, of what is no JSON: a cycle, a bigint, or more than a text can hold.
    if (error instanceof TypeError || error instanceof RangeError) return refused('it is no JSON', 'give plain JSON');
    throw error;
  }
  if (text === undefined) return refused('it is not UTF-8', 'save it as UTF-8');
  // A byte order mark is no part of the text.
  if (text.startsWith('\uFEFF')) text = text.slice(1);
  if (text.trim() === '') return refused('it is empty', begin);
  const bytes = Buffer.byteLength(text);
  const isLarge = bytes > YAML_BYTES;
  const start = text.trimStart().charAt(0);
  if (start === '{' || start === '[') {
    if (bytes > JSON_BYTES) return tooLarge(JSON_BYTES);
    const read = readJson(text);
    // Not JSON, but perhaps YAML in flow form; its parser also says best what is wrong.
    if (read.isJson || isLarge) return read;
  }
  return isLarge ? tooLarge(YAML_BYTES) : readYaml(text);
}

function tooLarge(bytes: number): ReadDocument {
  return refused(`it is larger than ${String(bytes)} bytes`, 'split it, or write a large one as JSON');
}
