import type { CatalogueColumn, CatalogueMadeType, NamedType, SourceType } from '../../../../contracts/catalogue.js';
import { qualified } from '../../../../contracts/catalogue.js';
import type { StandingColumn } from '../../../../databases/standing.js';
import { nativeType } from '../types-postgres.js';

/** Into a column of the target values of PostgreSQL are passed as they are, or there is no way. */
export type Passed =
  | { readonly type: string; /** Why some rows may be refused. */ readonly doubts: readonly string[] }
  | { readonly problem: string };

export interface Passing {
  /** Types that somebody made in the source. */
  readonly types: readonly CatalogueMadeType[];
  /** Characters of the longest text that was seen. */
  readonly longest?: number | undefined;
}

/** What a type is, apart from how it is spelled. */
interface Shape {
  readonly words: string;
  readonly base: string;
  readonly modifiers: readonly number[];
  readonly labels?: readonly string[] | undefined;
}

/** A second's digits where a type says nothing. */
const SECOND_DIGITS = 6;
const INTEGERS = ['smallint', 'integer', 'bigint'];
const DIGITS: Readonly<Record<string, number>> = { smallint: 5, integer: 10, bigint: 19 };
const TEXTS = ['text', 'character varying', '"citext"'];
const CLOCKS = /^(?:time|timestamp)(?: with(?:out)? time zone)$|^interval$/;

/**
 * The plan's type of a column from PostgreSQL that stands in the target: the target's own words for it. A way is known
 * where the server stores what COPY prints without changing it, and the proof reads both sides alike. Whatever a type
 * would round is refused here; what it refuses by itself is a row in quarantine.
 */
export function passedInto({ type }: CatalogueColumn, own: StandingColumn, passing: Passing): Passed {
  if (type.named?.refused !== undefined) return { problem: type.named.refused };
  const declared = own.declared ?? own.type;
  const targets = [declared, ...(own.domainOf === undefined ? [] : [own.domainOf])];
  for (const source of shapesOf(type, passing.types)) {
    for (const [at, target] of targets.entries()) {
      const doubts = doubtsBetween(source, shapeOf(target, own.labels), passing);
      if (doubts === undefined) continue;
      const domain = own.domainOf === undefined ? [] : [`a domain of the target: rows that break its rules do not fit`];
      return { type: declared, doubts: at === 0 && source.words === declared ? doubts : [...doubts, ...domain] };
    }
  }
  return { problem: `values of the type ${type.declared} have no proven way to ${own.type}` };
}

/** The type, and of a domain what it stands on. */
function shapesOf(type: SourceType, types: readonly CatalogueMadeType[]): Shape[] {
  const shapes: Shape[] = [];
  for (let each: SourceType | undefined = type; each !== undefined && shapes.length <= types.length;) {
    const made = madeOf(each.named, types);
    shapes.push(shapeOf(nativeType(each), made?.labels));
    each = made?.domain?.type;
  }
  return shapes;
}

function madeOf(named: NamedType | undefined, types: readonly CatalogueMadeType[]): CatalogueMadeType | undefined {
  if (named === undefined || named.array) return undefined;
  return types.find((type) => qualified(type) === qualified(named));
}

function shapeOf(words: string, labels: readonly string[] | undefined): Shape {
  const [, sizes = ''] = words.startsWith('"') ? [] : (/\(([\d,]+)\)/.exec(words) ?? []);
  const base = words.startsWith('"') ? words : words.replace(/\([\d,]+\)/, '');
  return { words, base, modifiers: sizes === '' ? [] : sizes.split(',').map(Number), labels };
}

/** Undefined: there is no way. */
function doubtsBetween(source: Shape, target: Shape, passing: Passing): string[] | undefined {
  if (target.labels !== undefined) return ofLabels(source, target.labels);
  if (source.words === target.words) return [];
  if (isText(target))
    return isText(source) || source.labels !== undefined ? tooLong(source, target, passing) : undefined;
  if (INTEGERS.includes(source.base)) return ofInteger(source.base, target);
  if (source.base !== target.base) return undefined;
  if (source.base === 'numeric') return ofNumeric(source, target);
  if (CLOCKS.test(source.base)) return fits(digitsOf(source), digitsOf(target));
  return source.base === 'bit varying'
    ? fits(source.modifiers[0] ?? Infinity, target.modifiers[0] ?? Infinity)
    : undefined;
}

function isText({ base }: Shape): boolean {
  return TEXTS.includes(base);
}

function fits(needed: number, there: number): string[] | undefined {
  return needed <= there ? [] : undefined;
}

function digitsOf({ modifiers }: Shape): number {
  return modifiers[0] ?? SECOND_DIGITS;
}

function ofLabels(source: Shape, labels: readonly string[]): string[] | undefined {
  if (source.labels === undefined && !isText(source)) return undefined;
  const missing = source.labels?.filter((label) => !labels.includes(label));
  if (missing === undefined) return ['a text that is no label of the type does not fit'];
  const told = missing.map((label) => `"${label}"`).join(', ');
  return missing.length === 0 ? [] : [`the target's type has no label ${told}`];
}

function tooLong(source: Shape, target: Shape, { longest }: Passing): string[] {
  const [room = Infinity] = target.modifiers;
  const [declared = Infinity] = source.modifiers;
  if (declared <= room || !Number.isFinite(room) || source.labels !== undefined) return [];
  const seen = longest === undefined || longest <= room ? '' : `texts of ${String(longest)} characters seen, `;
  return [`${seen}${String(room)} characters fit`];
}

function ofInteger(base: string, target: Shape): string[] | undefined {
  if (INTEGERS.includes(target.base)) return fits(INTEGERS.indexOf(base), INTEGERS.indexOf(target.base));
  const [precision = Infinity, scale = 0] = target.modifiers;
  if (target.base !== 'numeric' || scale !== 0) return undefined;
  return precision >= (DIGITS[base] ?? 0) ? [] : [`numbers of ${String(precision)} digits fit`];
}

/** A number is stored with the digits that its column declares: with others it would be printed otherwise. */
function ofNumeric(source: Shape, target: Shape): string[] | undefined {
  const [room, scale = 0] = target.modifiers;
  if (room === undefined) return [];
  const [precision, digits = 0] = source.modifiers;
  if (precision === undefined || digits !== scale) return undefined;
  return precision <= room ? [] : [`declared ${source.words}, which is wider than ${target.words}`];
}
