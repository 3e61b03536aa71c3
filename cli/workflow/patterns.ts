import { ORCHESTRATION_PATTERNS } from '../../contracts/definition.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { BUILT_IN_PATTERNS } from '../../contracts/patterns.schema.js';
import { checkPattern } from '../../language/try-pattern.js';
import type { CliContext } from '../cli-context.js';
import { patient } from '../patience.js';
import { withSession } from '../session.js';
import type { Session } from '../session.js';
import { printable, textTable } from '../text-table.js';
import { readDefinitionFile } from './definition-file.js';
import { tellProblems } from './validate.js';

interface Json {
  readonly json?: boolean;
}

/** They are in the store alone: no worker is needed, and none is started. */
function inStore(context: CliContext, { json }: Json, work: (session: Session) => Promise<number>): Promise<number> {
  return withSession(context, work, { workers: [], loud: json !== true });
}

/** `caravan workflow pattern list`: those that are built in, and those that are registered. */
export async function runPatternList(context: CliContext, options: Json): Promise<number> {
  return inStore(context, options, async ({ store }) => {
    const own = await patient(() => store.engine.patterns.list());
    const patterns: PatternLine[] = [
      ...ORCHESTRATION_PATTERNS.map((name) => ({
        name,
        version: null,
        description: BUILT_IN_PATTERNS[name].description,
      })),
      ...own.map(({ pattern: { name, version, description } }) => ({ name, version, description })),
    ];
    if (options.json === true) context.print(JSON.stringify({ patterns }));
    else for (const line of table(patterns)) context.print(line);
    return 0;
  });
}

interface PatternLine {
  readonly name: string;
  /** null: built in. */
  readonly version: string | null;
  readonly description: string;
}

function table(patterns: readonly PatternLine[]): string[] {
  const rows = patterns.map(({ name, version, description }) => [name, version ?? 'built in', description]);
  return textTable([['PATTERN', 'VERSION', 'DESCRIPTION'], ...rows.map((row) => row.map(printable))], []);
}

/** `caravan workflow pattern add FILE`: registers it after it was tried on its sample. 0, or 2 with every problem. */
export async function runPatternAdd(context: CliContext, file: string, { json = false }: Json): Promise<number> {
  const { pattern, problems } = checkPattern(readDefinitionFile(context.cwd, file));
  if (pattern === undefined) return tellProblems(context, { file, problems, json });
  const { name, version } = pattern;
  return inStore(context, { json }, async ({ store }) => {
    const became = await patient(() => store.engine.patterns.put(pattern));
    if (json) context.print(JSON.stringify({ name, version, became }));
    else context.print(became === 'same' ? `${name} ${version} is there already` : `${name} ${version}: ${became}`);
    return 0;
  });
}

/** `caravan workflow pattern remove NAME`: definitions that were made of it stay as they are. */
export async function runPatternRemove(context: CliContext, name: string): Promise<number> {
  return inStore(context, {}, async ({ store }) => {
    if (await patient(() => store.engine.patterns.remove(name))) {
      context.print(`${printable(name)} is removed`);
      return 0;
    }
    throw new CaravanFailure('PATTERN_UNKNOWN', { attempted: 'remove the pattern', on: name, seen: 'there is none' });
  });
}
