/**
 * A plan without its `reasons`, wherever they stand. They say why something became what it is and change nothing: in the
 * plan's YAML they are comments, and its hash does not know them.
 */
export function withoutReasons(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(withoutReasons);
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(
    Object.entries(part)
      .filter(([key]) => key !== 'reasons')
      .map(([key, value]) => [key, withoutReasons(value)]),
  );
}
