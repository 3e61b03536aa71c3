/** Signatures under which the store remembers what earlier migrations taught. They stand in the store: kept stable. */

export interface MappingFacts {
  /** As the source declares it. */
  readonly declared: string;
  readonly meaning: string;
  /** Target type; "enum" for a type that the plan makes, whose name is its table's affair. */
  readonly target: string;
}

/** "mysql|tinyint(1)|flag -> boolean" */
export function mappingSignature(engine: string, { declared, meaning, target }: MappingFacts): string {
  return `${engine}|${declared.toLowerCase()}|${meaning} -> ${target}`;
}

/** "mysql|12 columns|160 bytes"; the bytes rounded up (32 apart up to 512, then doubling), so that tables meet. */
export function throughputShape(engine: string, columns: number, bytesPerRow: number): string {
  const wanted = Math.max(1, bytesPerRow);
  let bucket = Math.ceil(wanted / 32) * 32;
  if (bucket > 512) bucket = 2 ** Math.ceil(Math.log2(bucket));
  return `${engine}|${String(columns)} columns|${String(bucket)} bytes`;
}
