import { CaravanFailure } from '../../contracts/failures.js';
import { checkDefinition } from '../../language/definition.js';
import type { CheckedDefinition } from '../../language/definition.js';
import { readLivingStack } from '../../platform/local-stack/stack-state.js';
import type { Store } from '../../platform/store/store.js';
import type { CliContext } from '../cli-context.js';
import { openStoreAt } from '../session.js';
import { readDefinitionFile } from './definition-file.js';

/**
 * What is registered with the stack that runs here. Undefined where none runs, or it does not answer, which is told:
 * who only looks at a definition starts none.
 */
export async function registered<T>(
  { config, tell }: CliContext,
  what: string,
  read: (store: Store) => Promise<T>,
): Promise<T | undefined> {
  const databaseUrl = readLivingStack(config.home)?.databaseUrl ?? config.databaseUrl;
  if (databaseUrl === null) return undefined;
  try {
    const store = await openStoreAt(config, databaseUrl);
    try {
      return await read(store);
    } finally {
      await store.close();
    }
  } catch (error) {
    if (!(error instanceof CaravanFailure)) throw error;
    tell(`registered ${what} are not known: ${error.message}`);
    return undefined;
  }
}

/** Checks a definition; registered patterns that it needs are asked of the stack that runs here. */
export async function checkFile(context: CliContext, file: string): Promise<CheckedDefinition> {
  const text = readDefinitionFile(context.cwd, file);
  const checked = checkDefinition(text);
  const { patterns = [] } = checked.definition === undefined ? checked : {};
  if (patterns.length === 0) return checked;
  const stored = await registered(context, 'patterns', (store) => store.engine.patterns.get(patterns));
  if (stored === undefined) return checked;
  return checkDefinition(text, new Map(stored.map(({ pattern }) => [pattern.name, pattern])));
}
