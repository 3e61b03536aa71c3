import { CaravanFailure } from './failures.js';

/**
 * Canonical JSON after RFC 8785: no white space, members sorted by UTF-16 code units, numbers as ECMAScript prints
 * them. Equal values have equal bytes, so a hash or signature over them means the value, not its layout.
 */
export function canonicalJson(value: unknown): string {
  const parts: string[] = [];
  write(value, parts, '$');
  return parts.join('');
}

function write(value: unknown, parts: string[], path: string): void {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') {
    parts.push(JSON.stringify(value));
  } else if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw notJson(path, 'the number is not finite');
    parts.push(JSON.stringify(value));
  } else if (Array.isArray(value)) {
    writeArray(value, parts, path);
  } else if (typeof value === 'object' && isPlain(value)) {
    writeObject(value as Readonly<Record<string, unknown>>, parts, path);
  } else {
    throw notJson(path, `a ${typeof value} is no JSON value`);
  }
}

function writeArray(values: readonly unknown[], parts: string[], path: string): void {
  parts.push('[');
  values.forEach((item, index) => {
    if (index > 0) parts.push(',');
    write(item, parts, `${path}[${String(index)}]`);
  });
  parts.push(']');
}

/** Members that are undefined are left out, as JSON.stringify does. */
function writeObject(value: Readonly<Record<string, unknown>>, parts: string[], path: string): void {
  parts.push('{');
  let first = true;
  for (const key of Object.keys(value).sort()) {
    if (value[key] === undefined) continue;
    if (!first) parts.push(',');
    first = false;
    parts.push(JSON.stringify(key), ':');
    write(value[key], parts, `${path}.${key}`);
  }
  parts.push('}');
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function notJson(path: string, seen: string): CaravanFailure {
  return new CaravanFailure('INTERNAL', { attempted: 'write as canonical JSON', on: path, seen });
}
