import type { RowTrace, TracedEntry } from '../../contracts/trace.js';
import type { SecretBox } from '../../platform/secrets/secret-box.js';
import { bytesOf, rowOf } from '../values/opened.js';
import type { OpenedBytes, OpenedFields } from '../values/opened.js';

/** An entry, with what was sealed where it was wanted. */
export interface OpenedTraceEntry extends Omit<TracedEntry, 'sealed'> {
  /** Of a changed value: the source's bytes. */
  readonly value?: OpenedBytes;
  /** Of a quarantined row, by column of the source. */
  readonly row?: OpenedFields;
}

export type OpenedTrace = Omit<RowTrace, 'entries'> & { readonly entries: readonly OpenedTraceEntry[] };

export function opened({ entries, ...trace }: RowTrace, box: SecretBox): OpenedTrace {
  const names = trace.columns.map(({ source }) => source);
  return {
    ...trace,
    entries: entries.map(({ sealed, ...entry }) => {
      if (sealed === undefined) return entry;
      const bytes = box.open(Buffer.from(sealed, 'base64'), trace.source);
      return entry.kind === 'changed' ? { ...entry, value: bytesOf(bytes) } : { ...entry, row: rowOf(bytes, names) };
    }),
  };
}
