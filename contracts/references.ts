/** The check of what refers to what: names and counts only. */
export interface ReferencesReport {
  readonly declared: readonly DeclaredReference[];
  readonly inferred: readonly InferredReference[];
  readonly cascades: readonly TriedCascade[];
}

/** A foreign key that the source declares, by its names of the target. */
export interface DeclaredReference {
  readonly name: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly referenced: string;
  readonly referencedColumns: readonly string[];
  /** How the target keeps it. */
  readonly state: 'valid' | 'not valid' | 'missing';
  /** Rows that refer to nothing; null: not counted. */
  readonly orphans: number | null;
}

/** A key that nobody declared, seen in names, types and values. */
export interface InferredReference {
  readonly table: string;
  readonly column: string;
  readonly referenced: string;
  readonly referencedColumn: string;
  readonly reasons: readonly string[];
  /** Rows that refer to something, how many different values they have, and rows that refer to nothing. */
  readonly rows: number;
  readonly distinct: number;
  readonly orphans: number;
  /** All rows were looked at; else the first that came. */
  readonly whole: boolean;
  /** The statements that make it a constraint. */
  readonly sql: readonly string[];
}

/** What a change of a key did on either side, tried and taken back. */
export interface TriedCascade {
  readonly name: string;
  readonly table: string;
  readonly action: 'DELETE' | 'UPDATE';
  readonly declared: string;
  readonly verdict: 'same' | 'differs' | 'not tried';
  /** Why it was not tried, or what differs. */
  readonly why?: string;
}
