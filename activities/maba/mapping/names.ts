import { hash } from 'node:crypto';
import { CaravanFailure } from '../../../contracts/failures.js';

export type IdentifierRule = 'lower' | 'preserve' | 'snake';
export interface Renamed {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

/** NAMEDATALEN - 1, in bytes. */
export const NAME_BYTES = 63;
/** Columns that every PostgreSQL table has already. */
export const SYSTEM_COLUMNS: ReadonlySet<string> = new Set(['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid']);

/** ASCII letters only, as PostgreSQL folds a name without quotes: queries without quotes keep working. */
function lower(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function snake(name: string): string {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .replace(/[^\p{L}\p{N}]+/gu, '_')
    .replace(/^_+|_+$/g, '');
  // A name of emoji or signs alone has no words: it stays what it is.
  return words === '' ? lower(name) : lower(words);
}

/** What the rule alone makes of a name. */
export function applyRule(name: string, rule: IdentifierRule): string {
  switch (rule) {
    case 'lower':
      return lower(name);
    case 'snake':
      return snake(name);
    case 'preserve':
      return name;
  }
}

/** Cuts to at most `limit` bytes of UTF-8 without breaking a character. */
function cutBytes(name: string, limit: number): string {
  let bytes = 0;
  let kept = '';
  for (const character of name) {
    bytes += Buffer.byteLength(character);
    if (bytes > limit) break;
    kept += character;
  }
  return kept;
}

/** The deterministic other name: the prefix cut to bytes, `_`, and 8 hex digits of a hash of the source's name. */
export function hashedName(ruled: string, source: string): string {
  const suffix = `_${hash('sha256', source, 'hex').slice(0, 8)}`;
  return cutBytes(ruled, NAME_BYTES - suffix.length) + suffix;
}

export interface NameScope {
  readonly rule: IdentifierRule;
  /** What is named, for messages: "table", "column". */
  readonly what: string;
  /** Names that are taken already in the target's scope. */
  readonly taken?: ReadonlySet<string>;
  /** True for columns, which may not be named like a system column. */
  readonly columns?: boolean;
  /** Target names that a person chose, by source name; they are taken before any other. */
  readonly given?: ReadonlyMap<string, string>;
  /** In front of a name where it is listed: "main.orders". */
  readonly place?: string;
}

function why(ruled: string, scope: NameScope): string | undefined {
  if (Buffer.byteLength(ruled) > NAME_BYTES) return `longer than ${String(NAME_BYTES)} bytes`;
  if (scope.columns === true && SYSTEM_COLUMNS.has(ruled)) return 'PostgreSQL has a system column of this name';
  return undefined;
}

function refuse(scope: NameScope, { name, other, reason }: { name: string; other: string; reason: string }): never {
  const on = scope.place === undefined ? name : `${scope.place}.${name}`;
  throw new CaravanFailure('NAME_COLLISION', {
    attempted: `keep the name of the ${scope.what}`,
    on,
    seen: `${reason}: "${name}" and "${other}"`,
    facts: { names: [name, other] },
  });
}

/**
 * Target names for one scope of source names. The answer does not depend on the order of the source: of names that
 * fall together, the one that is spelled like the target keeps it, else the least in code-unit order.
 */
export function targetNames(
  sources: readonly string[],
  scope: NameScope,
): { readonly names: ReadonlyMap<string, string>; readonly renamed: Renamed[] } {
  const taken = new Set(scope.taken ?? []);
  const names = new Map<string, string>();
  const renamed: Renamed[] = [];
  const give = (source: string, target: string, reason: string): void => {
    names.set(source, target);
    taken.add(target);
    const from = scope.place === undefined ? source : `${scope.place}.${source}`;
    renamed.push({ from, to: target, reason });
  };
  const late: { source: string; ruled: string; reason: string }[] = [];
  const given = sources.filter((source) => scope.given?.has(source));
  for (const source of given) give(source, scope.given?.get(source) ?? source, 'the mapping file says so');
  const exactFirst = sources
    .filter((source) => !names.has(source))
    .sort((a, b) => rank(a, scope.rule) - rank(b, scope.rule) || (a < b ? -1 : a > b ? 1 : 0));
  for (const source of exactFirst) {
    const ruled = applyRule(source, scope.rule);
    const reason = why(ruled, scope) ?? (taken.has(ruled) ? `another ${scope.what} is named "${ruled}"` : undefined);
    if (reason === undefined) {
      names.set(source, ruled);
      taken.add(ruled);
    } else {
      if (scope.rule === 'preserve') refuse(scope, { name: source, other: alternative(source, ruled), reason });
      late.push({ source, ruled, reason });
    }
  }
  // Only now: a new name must not take one that another source name has by right.
  for (const { source, ruled, reason } of late) {
    const plain = scope.columns === true && SYSTEM_COLUMNS.has(ruled) ? `${ruled}_` : undefined;
    give(source, plain !== undefined && !taken.has(plain) ? plain : free(ruled, source, taken), reason);
  }
  return { names, renamed };
}

function rank(source: string, rule: IdentifierRule): number {
  return applyRule(source, rule) === source ? 0 : 1;
}

/** The name that the other rules would have given; said beside the one that cannot be kept. */
function alternative(source: string, ruled: string): string {
  return SYSTEM_COLUMNS.has(ruled) ? `${ruled}_` : hashedName(ruled, source);
}

function free(ruled: string, source: string, taken: ReadonlySet<string>): string {
  let salt = source;
  for (let round = 0; round < 1000; round += 1) {
    const candidate = hashedName(ruled, salt);
    if (!taken.has(candidate)) return candidate;
    salt += '\0';
  }
  throw new CaravanFailure('INTERNAL', {
    attempted: 'find a free name for',
    on: source,
    seen: 'a thousand were taken',
  });
}

/**
 * Names of the schema's relations and types, which share one space in PostgreSQL: tables, then indexes and keys, then
 * types. Given one after another; a name that is taken gets its table in front, then a hash.
 */
export class RelationNames {
  readonly #taken: Set<string>;
  readonly renamed: Renamed[] = [];

  constructor(taken: Iterable<string>) {
    this.#taken = new Set(taken);
  }

  isTaken(name: string): boolean {
    return this.#taken.has(name);
  }

  /** `crowded`: the rule's name is wanted more than once, so that everyone who wants it gets its table in front. */
  take(wanted: string, owner: { readonly table: string; readonly from: string; readonly crowded?: boolean }): string {
    const clash = owner.crowded === true || this.#taken.has(wanted);
    const plain = clash ? `${owner.table}_${wanted}` : wanted;
    const tooLong = Buffer.byteLength(plain) > NAME_BYTES;
    const name = tooLong || this.#taken.has(plain) ? free(plain, owner.from, this.#taken) : plain;
    this.#taken.add(name);
    if (name !== wanted) {
      const reason = clash
        ? 'names of indexes and types are shared by the whole schema in PostgreSQL'
        : `longer than ${String(NAME_BYTES)} bytes`;
      this.renamed.push({ from: owner.from, to: name, reason });
    }
    return name;
  }
}

/** A name for a constraint of one table (checks, foreign keys), unique among `taken`, which it joins. */
export function constraintName(wanted: string, from: string, taken: Set<string>): string {
  const fits = Buffer.byteLength(wanted) <= NAME_BYTES && !taken.has(wanted);
  const name = fits ? wanted : free(wanted, from, taken);
  taken.add(name);
  return name;
}
