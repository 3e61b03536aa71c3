import type { FilePolicies } from '../../../../contracts/mapping-file.schema.js';
import type { MadeCollation, Operator } from '../../../../contracts/mapping.js';
import type { TypeChoice } from '../choice.js';

/** What a mapping file says of one column of the source. */
export interface GivenColumn {
  readonly target?: string;
  /** The type it is cast to. */
  readonly cast?: TypeChoice;
  readonly policies?: FilePolicies;
  readonly steps?: readonly Operator[];
  /** How its texts are compared. */
  readonly collate?: MadeCollation | 'plain';
  /** Where they stand in the file. */
  readonly at: { policies?: readonly string[]; steps?: readonly string[]; collate?: readonly string[] };
}

/** A mapping file, held against a catalogue: every name in it is one of the source. */
export interface Given {
  /** Target names by "schema.table". */
  readonly tables: ReadonlyMap<string, string>;
  /** By "schema.table.column". */
  readonly columns: ReadonlyMap<string, GivenColumn>;
  /** By "schema.table". */
  readonly filters: ReadonlyMap<string, { readonly where: string; readonly sql: string }>;
}
