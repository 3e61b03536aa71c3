import { CaravanFailure } from '../../contracts/failures.js';
import type { QueryStatistic, Workload } from '../../contracts/workload.js';
import { Collector } from './collect.js';
import { dialectOf, formatOf } from './detect.js';
import type { FileFormat } from './detect.js';
import { digestText, entryOfStatistic, readDigests } from './digests.js';
import { linesOf } from './lines.js';
import { readMysqlGeneral } from './mysql-general.js';
import { readMysqlSlow } from './mysql-slow.js';
import { readPostgresCsvlog } from './postgres-csvlog.js';
import type { LogEntry } from './recorded.js';
import type { Dialect } from './scan.js';
import { readSqlFile } from './sql-file.js';

export interface WorkloadFile {
  /** Its bytes, read once. */
  readonly bytes: () => AsyncIterable<Uint8Array>;
  /** Its first bytes as text. */
  readonly beginning: string;
}

export interface ReadingOptions {
  /** Default: what the beginning of each file shows. */
  readonly format?: FileFormat;
  /** Of files of statements; a log has its own. */
  readonly dialect: Dialect;
  /** The clock of statements whose moment is not recorded. */
  readonly readAt: Date;
}

/** The queries of several files, as one workload. Nothing is looked up in a database. */
export async function readWorkload(files: readonly WorkloadFile[], options: ReadingOptions): Promise<Workload> {
  const formats = files.map((file) => options.format ?? formatOf(file.beginning));
  const [format = 'sql'] = formats;
  const dialects = new Set(
    formats.map((each, at) => dialectOf(each, files[at]?.beginning ?? '')).filter((known) => known !== undefined),
  );
  if (dialects.size > 1) throw mixed(formats);
  const [dialect = options.dialect] = dialects;
  const collector = new Collector(dialect, options.readAt);
  for (const [at, file] of files.entries()) {
    for await (const entry of entriesOf(file, formats[at] ?? 'sql', dialect)) collector.add(entry);
    collector.endOfFile();
  }
  return collector.finish(format);
}

/** The queries that a server counts by itself, as a workload. */
export function workloadOfStatistics(
  statistics: readonly QueryStatistic[],
  { dialect, readAt }: Pick<ReadingOptions, 'dialect' | 'readAt'>,
): Workload {
  const collector = new Collector(dialect, readAt);
  for (const [at, statistic] of statistics.entries()) {
    const { shape } = statistic;
    const plain = shape !== undefined && dialect === 'mysql' ? { ...statistic, shape: digestText(shape) } : statistic;
    collector.add(entryOfStatistic(plain, at + 1));
  }
  collector.endOfFile();
  return collector.finish('digests');
}

function entriesOf(file: WorkloadFile, format: FileFormat, dialect: Dialect): AsyncGenerator<LogEntry> {
  switch (format) {
    case 'mysql-general':
      return readMysqlGeneral(linesOf(file.bytes()));
    case 'mysql-slow':
      return readMysqlSlow(linesOf(file.bytes()));
    case 'postgres-csvlog':
      return readPostgresCsvlog(linesOf(file.bytes()));
    case 'digests':
      return readDigests(linesOf(file.bytes()));
    case 'sql':
      return readSqlFile(file.bytes(), dialect);
  }
}

function mixed(formats: readonly FileFormat[]): CaravanFailure {
  return new CaravanFailure('USAGE', {
    attempted: 'read',
    on: 'the files of queries',
    seen: `they are of several databases: ${[...new Set(formats)].join(', ')}`,
    next: 'Give the files of one database, or say with --format what they are.',
  });
}
