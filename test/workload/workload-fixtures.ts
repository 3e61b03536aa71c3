import type { Workload, WorkloadQuery } from '../../contracts/workload.js';
import { readWorkload } from '../../language/workload/read-workload.js';
import type { ReadingOptions } from '../../language/workload/read-workload.js';

export const READ_AT = new Date('2024-05-06T07:08:09.123Z');

/** A file whose bytes come in pieces of so many bytes. */
export function fileOf(content: string | Uint8Array, piece = 65_536): Parameters<typeof readWorkload>[0][number] {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return {
    beginning: new TextDecoder().decode(bytes.subarray(0, 65_536)),
    bytes: async function* () {
      for (let at = 0; at < bytes.length; at += piece) yield await Promise.resolve(bytes.subarray(at, at + piece));
    },
  };
}

export function read(
  content: string | Uint8Array,
  options: Partial<ReadingOptions> & { piece?: number } = {},
): Promise<Workload> {
  const { piece, ...rest } = options;
  return readWorkload([fileOf(content, piece)], { dialect: 'mysql', readAt: READ_AT, ...rest });
}

/** The only query whose text contains this. */
export function queryWith({ queries }: Workload, part: string): WorkloadQuery {
  const found = queries.filter(({ sql }) => sql.includes(part));
  if (found.length !== 1 || found[0] === undefined) {
    throw new Error(`${String(found.length)} queries with "${part}":\n${queries.map(({ sql }) => sql).join('\n')}`);
  }
  return found[0];
}
