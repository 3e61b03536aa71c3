import { MAPPING_VERSION, mappingFile } from '../contracts/mapping-file.schema.js';
import type { MappingFile } from '../contracts/mapping-file.schema.js';
import { againstSchema, inOrder, located, refuse } from './check-document.js';
import { isRaw } from './definition-raw.js';
import { readDocument } from './read-document.js';
import type { Path } from './read.js';

export { didYouMean } from './definition-hints.js';

/** A mapping file, and a way to tell what does not fit the source where it stands. */
export interface ReadMapping {
  readonly file: MappingFile;
  /** @throws CaravanFailure MAPPING_INVALID, with all of them in the order of the text; nothing where there is none. */
  readonly refuse: (problems: readonly MappingProblem[]) => void;
}

export interface MappingProblem {
  readonly path: Path;
  /** Set: the key itself is meant, not its value. */
  readonly key?: string;
  readonly message: string;
  readonly hint: string;
}

/**
 * A mapping file from YAML or JSON. Every problem is told at once, each with line, column and what to do. `from`:
 * its file, to be named where it is refused.
 * @throws CaravanFailure MAPPING_INVALID
 */
export function parseMapping(text: string, from?: string): ReadMapping {
  const mapping = { what: 'mapping file', from } as const;
  const read = readDocument(text, 'begin with "caravan_mapping: 1"');
  const { value, problems } = read;
  if (value !== undefined && !isRaw(value)) {
    const problem = { path: [], message: 'the mapping file is no map', hint: 'begin with "caravan_mapping: 1"' };
    return refuse('MAPPING_INVALID', mapping, [located(read, problem)]);
  }
  if (value === undefined) return refuse('MAPPING_INVALID', mapping, inOrder(problems));
  const version = value['caravan_mapping'];
  if (typeof version === 'number' && version !== MAPPING_VERSION) {
    const message = `caravan_mapping is ${String(version)}, and this build reads ${String(MAPPING_VERSION)}`;
    const problem = { path: ['caravan_mapping'], message, hint: 'write it for this version' };
    return refuse('MAPPING_INVALID', mapping, [located(read, problem)]);
  }
  const { data, problems: wrong } = againstSchema(mappingFile, value, { read, path: [], whole: 'the mapping file' });
  if (data === undefined || problems.length > 0)
    return refuse('MAPPING_INVALID', mapping, inOrder([...problems, ...wrong]));
  return {
    file: data,
    refuse: (told) => {
      if (told.length === 0) return;
      const placed = told.map(({ path, key, message, hint }) => ({
        ...(key === undefined ? read.positionOf(path) : read.positionOf(path, key)),
        path: [...path, ...(key === undefined ? [] : [key])].map(String).join('.'),
        message,
        hint,
      }));
      refuse('MAPPING_INVALID', mapping, inOrder(placed));
    },
  };
}
