import type { ColumnMapping, MadeType } from '../../../../contracts/mapping.js';
import { quoteName } from '../../../../language/expressions.js';

/**
 * Types whose binary form is the same on every server from 12 on, and holds no number that means something in one
 * database only. Not `interval`: an infinite one is refused as text by servers before 17, and misread as bytes.
 */
const SAME_BYTES =
  /^(?:smallint|integer|bigint|real|double precision|boolean|text|bytea|date|uuid|jsonb?|(?:numeric|character varying|character|bit|bit varying)(?:\([-\d,]+\))?|(?:time|timestamp)(?:\(\d\))? with(?:out)? time zone)$/;

/**
 * May rows be passed in COPY's binary form, which costs both servers far less than text? Where every value that is copied
 * allows it; an enum's is its label.
 */
export function passesAsBytes(columns: readonly ColumnMapping[], types: readonly MadeType[]): boolean {
  const enums = new Set(types.filter(({ labels }) => labels.length > 0).map(({ name }) => quoteName(name)));
  return columns.every(({ type, generated }) => generated !== undefined || SAME_BYTES.test(type) || enums.has(type));
}
