import type { WorkloadSource } from '../../contracts/workload.js';
import type { Dialect } from './scan.js';

/** Formats of files; `digests` come from a server. */
export const FILE_FORMATS = ['mysql-general', 'mysql-slow', 'postgres-csvlog', 'sql'] as const;
export type FileFormat = Exclude<WorkloadSource, 'digests'>;

const GENERAL =
  /^(?:\d{6}\s+\d{1,2}:\d\d:\d\d\t+|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?\t+|\t\t)\s*\d+ (?:Connect|Query|Prepare|Execute|Init DB|Quit|Close stmt)\b/mu;
const SLOW = /^# User@Host: /mu;
const CSV = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ [A-Za-z0-9+:-]+,("(?:[^"]|"")*")?,("(?:[^"]|"")*")?,\d+,/mu;

/** What a file is, from its beginning. Whatever is no log is taken for statements. */
export function formatOf(beginning: string): FileFormat {
  if (SLOW.test(beginning)) return 'mysql-slow';
  if (GENERAL.test(beginning)) return 'mysql-general';
  if (CSV.test(beginning)) return 'postgres-csvlog';
  return 'sql';
}

/** The dialect that a format has; undefined: the file does not tell. */
export function dialectOf(format: FileFormat): Dialect | undefined {
  if (format === 'sql') return undefined;
  return format === 'postgres-csvlog' ? 'postgres' : 'mysql';
}
