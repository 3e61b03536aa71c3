import type { IssueName } from '../../contracts/record.js';
import type { ColumnSpec, SourceValue } from './record-fixtures.js';

/** What must stand in the target: PostgreSQL's own text of the value, or the reason why NULL does. */
export type Outcome = string | null | { readonly issue: IssueName };

/** A source value and its outcome. */
export type Case = readonly [SourceValue, Outcome];

export interface ValueCases {
  readonly title: string;
  readonly spec: ColumnSpec;
  readonly values: readonly Case[];
}

export const no = (issue: IssueName): { issue: IssueName } => ({ issue });
export const integer = (bytes: string): SourceValue => ({ bytes, storage: 'integer' });
export const real = (bytes: string): SourceValue => ({ bytes, storage: 'real' });
export const text = (bytes: string | Buffer): SourceValue => ({ bytes, storage: 'text' });
export const blob = (bytes: string | Buffer): SourceValue => ({ bytes, storage: 'blob' });
export const same = (...values: readonly string[]): Case[] => values.map((value) => [value, value]);
