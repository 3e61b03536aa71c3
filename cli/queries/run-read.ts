import { randomUUID } from 'node:crypto';
import type { Workload } from '../../contracts/workload.js';
import type { FileFormat } from '../../language/workload/detect.js';
import { looksLikeUrl } from '../../platform/secrets/endpoint-url.js';
import type { CliContext } from '../cli-context.js';
import { maintain } from '../maintain.js';
import { reportLine } from '../migrate/outcome.js';
import { migrate } from '../migrate/run-migrate.js';
import { summaryLines } from '../migrate/summary.js';
import { patient } from '../patience.js';
import type { Session } from '../session.js';
import { safeJson } from '../text-table.js';
import { workloadLines } from './lines.js';
import { loadWorkload } from './workload-files.js';

export interface ReadOptions {
  readonly source?: string;
  readonly format?: FileFormat;
  readonly dialect?: Workload['dialect'];
  readonly limit: number;
  readonly json?: boolean;
}

/** `caravan queries read`: classes without a source; with one a dry run makes the plan that gives the translations. */
export async function runQueriesRead(
  context: CliContext,
  paths: readonly string[],
  options: ReadOptions,
): Promise<number> {
  const { source, format } = options;
  const dialect = options.dialect ?? dialectOf(source ?? '');
  const workload = await loadWorkload(context.cwd, paths, { dialect, ...(format && { format }) });
  if (source === undefined) {
    show(context, workload, options);
    return 0;
  }
  let translated: Workload | undefined;
  const { report, exit } = await migrate(
    options.json === true ? { ...context, screen: null } : context,
    { source, dryRun: true },
    { onPlanned: async (migrationId, session) => void (translated = await translate(session, migrationId, workload)) },
  );
  if (translated !== undefined) {
    show(context, translated, options);
    return exit;
  }
  if (options.json === true) context.print(reportLine(report));
  else for (const line of summaryLines({ report, exit })) context.tell(line);
  return exit === 0 ? 1 : exit;
}

/** Of a named connection it is not known before a worker looks; a log has its own. */
function dialectOf(source: string): Workload['dialect'] {
  if (!looksLikeUrl(source)) return 'mysql';
  if (source.startsWith('postgres')) return 'postgres';
  return source.startsWith('sqlite') ? 'sqlite' : 'mysql';
}

/** The texts go to the store and back sealed, and are gone from it afterwards. */
async function translate(session: Session, migrationId: string, workload: Workload): Promise<Workload | undefined> {
  const { workloads } = session.store;
  const [workloadId, as] = [randomUUID(), randomUUID()];
  try {
    await patient(() => workloads.put(workloadId, workload));
    await maintain(session, { queries: { migrationId, workloadId, as } });
    return await patient(() => workloads.get(as));
  } finally {
    for (const id of [workloadId, as]) await patient(() => workloads.remove(id)).catch(() => undefined);
  }
}

function show({ print }: CliContext, workload: Workload, { limit, json }: ReadOptions): void {
  const queries = workload.queries.slice(0, limit);
  if (json === true) print(safeJson({ ...workload, queries }));
  else for (const line of workloadLines(workload, queries)) print(line);
}
