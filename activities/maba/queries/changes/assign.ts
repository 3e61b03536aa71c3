import type { Expression } from '../../../../language/expressions.js';
import type { Place } from '../expressions.js';
import type { ExpressionTranslator } from '../expressions.js';
import type { Relation, ScopeColumn } from '../scope.js';
import type { Typed } from '../typed.js';
import { asNumber, asText, fail, isMoment, isNumber, textLiteral } from '../typed.js';
import { looseNumber } from '../loose.js';

export function columnNamed(relation: Relation, name: string): ScopeColumn {
  const found =
    relation.columns.find(({ source }) => source === name) ??
    relation.columns.find(({ source }) => source.toLowerCase() === name.toLowerCase());
  return found ?? fail(`there is no column "${name}"`);
}

/** DEFAULT, which is no column. */
export function isDefault(expression: Expression): boolean {
  if (expression.node !== 'extended' || expression.extension.kind !== 'path') return false;
  const { path, quoted } = expression.extension;
  return path.length === 1 && !quoted && path[0]?.toLowerCase() === 'default';
}

/** What an assignment puts into a column, in terms of the column. */
export function assigned(
  expression: Expression,
  column: ScopeColumn,
  given: { readonly expressions: ExpressionTranslator; readonly place: Place },
): string {
  if (isDefault(expression)) return 'DEFAULT';
  return fitted(given.expressions.value(expression, given.place), column);
}

/** A value as the source would store it in the column. */
export function fitted(value: Typed, { type, source }: ScopeColumn): string {
  if (value.sort === 'null' || value.sort === type.sort) return value.sql;
  const unfit = (): never =>
    fail(`a value of the sort "${value.sort}" is put into "${source}", which is of the sort "${type.sort}"`);
  switch (type.sort) {
    case 'boolean':
      if (isNumber(value) && (value.literal === '0' || value.literal === '1'))
        return value.literal === '1' ? 'true' : 'false';
      if (value.sort === 'text' && (value.literal === '0' || value.literal === '1'))
        return value.literal === '1' ? 'true' : 'false';
      return unfit();
    case 'integer':
    case 'decimal':
    case 'float':
      return fittedNumber(value, type.sort) ?? unfit();
    case 'text':
      return value.sort === 'bytes' || value.sort === 'other' ? unfit() : asText(value).sql;
    case 'enum':
      return fittedLabel(value, type.labels ?? [], type.folds === true) ?? unfit();
    case 'bytes':
      return value.sort === 'text' ? `convert_to(${value.sql}, 'UTF8')` : unfit();
    case 'date':
      return fittedDate(value) ?? unfit();
    case 'timestamp':
    case 'timestamptz':
    case 'time':
      return value.literal !== undefined && value.sort === 'text'
        ? momentText(value.literal)
        : isMoment(value)
          ? value.sql
          : unfit();
    default:
      // JSON, sets, places and their kin: what the text of the source says is not always what the target reads.
      return value.sort === 'text' && value.literal !== undefined && /^[[{]/u.test(value.literal.trim())
        ? value.sql
        : unfit();
  }
}

function fittedNumber(value: Typed, sort: 'integer' | 'decimal' | 'float'): string | undefined {
  if (value.sort === 'boolean') return asNumber(value).sql;
  if (value.sort === 'text' && value.literal !== undefined) {
    return /^-?\d+(?:\.\d+)?$/u.test(value.literal) ? looseNumber(value).sql : undefined;
  }
  if (!isNumber(value)) return undefined;
  // MySQL rounds half away from zero, as a cast of an exact number does.
  return sort === 'integer' && value.sort === 'decimal' ? `round(${value.sql})` : value.sql;
}

function fittedLabel(value: Typed, labels: readonly string[], folds: boolean): string | undefined {
  if (value.literal === undefined || value.sort !== 'text') return undefined;
  const wanted = value.literal;
  const label = labels.find((each) => each === wanted || (folds && each.toLowerCase() === wanted.toLowerCase()));
  return label === undefined ? undefined : textLiteral(label).sql;
}

function fittedDate(value: Typed): string | undefined {
  if (value.sort === 'text' && value.literal !== undefined) return momentText(value.literal);
  return isMoment(value) && value.sort !== 'time' ? `CAST(${value.sql} AS date)` : undefined;
}

function momentText(text: string): string {
  if (/^0000|-00/u.test(text)) return fail('a date that does not exist');
  return textLiteral(text).sql;
}
