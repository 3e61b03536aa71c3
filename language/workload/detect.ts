import type { WorkloadSource } from '../../contracts/workload.js';
import { digestColumns } from './digests.js';
import type { Dialect } from './scan.js';

export const FILE_FORMATS = ['mysql-general', 'mysql-slow', 'postgres-csvlog', 'sql', 'digests'] as const;
export type FileFormat = WorkloadSource;

const GENERAL =
  /^(?:\d{6}\s+\d{1,2}:\d\d:\d\d\t+|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?\t+|\t\t)\s*\d+ (?:Connect|Query|Prepare|Execute|Init DB|Quit|Close stmt)\b/mu;
const SLOW = /^# User@Host: /mu;
const CSV = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ [A-Za-z0-9+:-]+,("(?:[^"]|"")*")?,("(?:[^"]|"")*")?,\d+,/mu;

/** What a file is, from its beginning. Whatever is no log is taken for statements. */
export function formatOf(beginning: string): FileFormat {
  if (SLOW.test(beginning)) return 'mysql-slow';
  if (GENERAL.test(beginning)) return 'mysql-general';
  if (CSV.test(beginning)) return 'postgres-csvlog';
  return digestColumns(beginning.split('\n', 1)[0] ?? '') ? 'digests' : 'sql';
}

/** The dialect that a format has; undefined: the file does not tell. */
export function dialectOf(format: FileFormat, beginning: string): Dialect | undefined {
  if (format === 'sql') return undefined;
  if (format === 'digests') return /\bcount_star\b/iu.test(beginning.split('\n', 1)[0] ?? '') ? 'mysql' : 'postgres';
  return format === 'postgres-csvlog' ? 'postgres' : 'mysql';
}
