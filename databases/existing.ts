import type { Endpoint } from '../contracts/endpoint.js';
import { CaravanFailure } from '../contracts/failures.js';
import type { ExistingTable } from '../contracts/existing.js';
import type { TableMapping } from '../contracts/mapping.js';
import type { Checked } from './checked.js';
import { openPostgresExisting } from './postgres/existing/existing.js';
import type { AskOptions, Asking } from './asking.js';
import type { CanonicalBatch, KeyRange, ScanOptions, SentTarget } from './source.js';

/** A target that is there already, whoever made it. Every session is read-only; nothing is made, nothing is changed. */
export interface ExistingTarget {
  /** Major version of the server. */
  readonly version: number;
  hasSchema(schema: string): Promise<boolean>;
  /** Tables and views of a schema, in one state. */
  catalogue(schema: string): Promise<ExistingTable[]>;
  /**
   * Which of the pairs of default expressions give the same value of their type, both evaluated by the server in one
   * transaction; undefined: one of them cannot be evaluated.
   */
  sameValues(schema: string, pairs: readonly DefaultPair[]): Promise<(boolean | undefined)[]>;
  /** Which of the pairs of conditions let in the same of the rows that the samples make; undefined: one cannot be tried. */
  sameChecks(schema: string, pairs: readonly CheckPair[]): Promise<(boolean | undefined)[]>;
  openSnapshot(): Promise<ExistingSnapshot>;
  close(): Promise<void>;
}

export interface DefaultPair {
  /** As the server prints it. */
  readonly type: string;
  readonly one: string;
  readonly other: string;
}

export interface CheckPair {
  readonly one: string;
  readonly other: string;
  /** Columns that they name, each with values as text; null is NULL. */
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly samples: readonly (string | null)[];
  }[];
}

/** One state of the target, held until it is closed. */
export interface ExistingSnapshot extends SentTarget {
  /** Where the target's log stood; never a secret. */
  readonly position: string;
  /** ISO 8601, by the target's clock. */
  readonly takenAt: string;
  /** Canonical rows of the mapping's target, a table or a view; without keys. */
  scan(table: TableMapping, range: KeyRange, options: ScanOptions): AsyncIterable<CanonicalBatch>;
  /** How checks of the whole look at the tables of a schema. */
  checked(schema: string): Checked;
  /** For queries of the application. */
  asking(options: AskOptions): Promise<Asking>;
  close(): Promise<void>;
}

/** Opens what an endpoint names as a target that is only read. */
export async function openExisting(endpoint: Endpoint): Promise<ExistingTarget> {
  if (endpoint.engine === 'postgres') return openPostgresExisting(endpoint);
  throw new CaravanFailure('INPUT_INVALID', {
    attempted: 'use as a target',
    on: endpoint.engine,
    seen: 'only PostgreSQL is a target',
    next: 'Name a PostgreSQL database as the target.',
  });
}
