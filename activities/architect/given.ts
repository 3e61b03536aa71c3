import { qualified } from '../../contracts/catalogue.js';
import type { Catalogue } from '../../contracts/catalogue.js';
import { CaravanFailure } from '../../contracts/failures.js';
import type { MigrationMapping } from '../../contracts/mapping.js';
import type { MigrationInput } from '../../contracts/migration.schema.js';
import { ISSUE, ISSUES } from '../../contracts/record.js';
import type { ReadMapping } from '../../language/mapping-file.js';
import type { Deps } from '../deps.js';
import { mappingFileOf, openSourceOf, withEnd } from '../ends.js';
import type { Given } from '../maba/mapping/given/given.js';
import { resolveMapping } from '../maba/mapping/given/resolve.js';

/** The migration's mapping file, held against its source; undefined where it has none. */
export async function givenMapping(
  deps: Deps,
  input: MigrationInput,
  catalogue: Catalogue,
): Promise<{ readonly given: Given; readonly refuse: ReadMapping['refuse'] } | undefined> {
  const read = await mappingFileOf(deps, input);
  if (read === undefined) return undefined;
  const { given, problems } = resolveMapping(read.file, catalogue);
  read.refuse(problems);
  return { given, refuse: read.refuse };
}

/** Tables with a filter have as many rows as it leaves. */
export async function withCounts(
  deps: Deps,
  migrationId: string,
  mapping: MigrationMapping,
): Promise<MigrationMapping> {
  if (mapping.tables.every(({ filter }) => filter === undefined)) return mapping;
  return withEnd(openSourceOf(deps, migrationId), async (source) => {
    const tables: MigrationMapping['tables'] = [];
    for (const table of mapping.tables) {
      const rows = table.filter && (await source.countRows?.(table));
      tables.push(rows === undefined ? table : { ...table, estimatedRows: rows });
    }
    return { ...mapping, tables };
  });
}

/** What a plan puts in place of values must pass the same check as they. */
export function checkReplacements(deps: Deps, mapping: MigrationMapping): void {
  const wrong: string[] = [];
  for (const table of mapping.tables) {
    for (const column of table.columns) {
      for (const policy of Object.values(column.values ?? {})) {
        if (policy.do !== 'use') continue;
        const bytes = Buffer.from(policy.value);
        const alone = { ...table, columns: [column] };
        const [check] = deps.validation.compile(deps.validation.specify(alone, []), alone).fields;
        const issue = check?.(bytes, 0, bytes.length, 0) ?? ISSUE.bad_form;
        if (issue !== ISSUE.ok)
          wrong.push(`${qualified(table.source)}.${column.source} (${ISSUES[issue] ?? 'bad_form'})`);
      }
    }
  }
  if (wrong.length === 0) return;
  throw new CaravanFailure('MAPPING_INVALID', {
    attempted: 'use the values in place of others in',
    on: wrong[0] ?? '',
    seen: `they do not fit their columns: ${wrong.slice(0, 20).join(', ')}`,
    facts: { names: wrong.slice(0, 20) },
  });
}
