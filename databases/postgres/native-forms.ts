/**
 * How the proof reads a value of a PostgreSQL type on both sides: its binary form, which the copy (text) has no part in.
 * As text are read types whose binary form names types by number, and those that hold floating point numbers: a NaN has
 * many bit patterns.
 */
const AS_TEXT = /^(?:"|real|double precision|point|line|lseg|box|path|polygon|circle)/;

/** Whole and decimal numbers: the source's may be narrower than the plan's type, whose form both sides have then. */
const NUMBER = /^(?:integer|bigint|numeric)/;

/** `column` is a quoted name, `type` the plan's type. */
export function nativeForm(column: string, type: string): string {
  if (type === 'double precision') return `CASE WHEN ${column} = 'NaN' THEN 'NaN'::float8 ELSE ${column} END`;
  if (type === 'real') return `CASE WHEN ${column} = 'NaN' THEN 'NaN'::float4 ELSE ${column} END`;
  const [number] = NUMBER.exec(type) ?? [];
  if (number !== undefined && !type.endsWith(']')) return `${column}::${number}`;
  return AS_TEXT.test(type) ? `${column}::text` : column;
}

/** A value as COPY prints it; a cast to text is another thing for boolean and character. A row of NULLs is no NULL. */
export function nativeKey(column: string): string {
  return `CASE WHEN ${column} IS DISTINCT FROM NULL THEN pg_catalog.concat(${column}) END`;
}
