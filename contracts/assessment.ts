import type { NotMigrated } from './mapping.js';

/** What `caravan assess` tells before anyone commits: names, counts and times; never a value of the source. */
export interface Assessment {
  readonly version: 1;
  /**
   * `ready`: a plan can be made and approved. `needs_people`: questions, or something that stays behind, is for a person
   * first. `blocked`: something is refused, and no migration can start until that is settled.
   */
  readonly verdict: 'ready' | 'needs_people' | 'blocked';
  readonly source: {
    readonly engine: string;
    readonly serverVersion: string;
    readonly database: string;
    readonly tables: number;
    readonly rows: number;
    readonly bytes: number;
    /** Views, triggers and the like, by kind. */
    readonly objects: Readonly<Record<string, number>>;
  };
  readonly target: { readonly schema: string; readonly identifiers: string };
  /** Everything that stops a migration of this source, each with what would be needed. */
  readonly refused: readonly Refusal[];
  readonly questions: readonly AssessedQuestion[];
  readonly cannotSee: readonly { readonly what: string; readonly mend: string }[];
  /** What stays behind, each with the effort to bring it over by hand. */
  readonly notMigrated: readonly (NotMigrated & { readonly minutes: number })[];
  /** Translated; whether they give the same rows is shown by the proof of a migration. */
  readonly views: readonly { readonly source: string; readonly target: string; readonly reads: readonly string[] }[];
  readonly renamed: readonly { readonly from: string; readonly to: string; readonly reason: string }[];
  readonly findings: readonly {
    readonly code: string;
    readonly object: string;
    readonly count: number;
    readonly detail: string;
  }[];
  readonly tables: readonly AssessedTable[];
  /** Of the whole; 0 to 1. */
  readonly risk: { readonly risk: number; readonly reasons: readonly string[] };
  readonly effort: { readonly minutes: number; readonly parts: readonly EffortPart[] };
  readonly time: {
    readonly copy: Estimate;
    readonly proof: Estimate;
    readonly total: Estimate;
    readonly learnedShare: number;
  };
  /** How risk, effort and time are reckoned, in sentences. */
  readonly rules: {
    readonly risk: readonly string[];
    readonly effort: readonly string[];
    readonly time: readonly string[];
  };
}

export interface Refusal {
  /** "schema.table.column", or the name of a key or check behind its table. */
  readonly object: string;
  readonly reason: string;
  readonly needed: string;
}

export interface AssessedQuestion {
  readonly id: string;
  readonly text: string;
  readonly options: readonly string[];
  readonly default?: string;
}

/** One kind of work for people. */
export interface EffortPart {
  readonly what: string;
  readonly count: number;
  readonly minutes: number;
}

/** Seconds, with the bars between which it should lie. */
export interface Estimate {
  readonly seconds: number;
  readonly low: number;
  readonly high: number;
}

export interface AssessedTable {
  readonly source: string;
  /** null: nothing of it can be mapped. */
  readonly target: string | null;
  readonly rows: number;
  readonly bytes: number;
  readonly columns: readonly AssessedColumn[];
  readonly keys: {
    readonly primary: boolean;
    readonly unique: number;
    readonly indexes: number;
    readonly foreign: number;
    readonly checks: number;
  };
  readonly risk: number;
  readonly riskReasons: readonly string[];
  readonly minutes: number;
  /** Of reading and writing it over one connection; `learned`: from tables of its shape, else from the default rate. */
  readonly time: Estimate & { readonly from: 'learned' | 'default' };
}

export interface AssessedColumn {
  readonly source: string;
  /** As the source declares it. */
  readonly declared: string;
  readonly target: string;
  readonly type: string;
  readonly confidence: number;
  readonly reasons: readonly string[];
}
