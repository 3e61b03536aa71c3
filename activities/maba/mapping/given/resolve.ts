import type { Catalogue } from '../../../../contracts/catalogue.js';
import { qualified } from '../../../../contracts/catalogue.js';
import type { FilePolicies, MappingFile } from '../../../../contracts/mapping-file.schema.js';
import { isTextStep } from '../../../../contracts/mapping.js';
import type { Operator } from '../../../../contracts/mapping.js';
import { checkFilter } from '../../../../language/filters.js';
import { didYouMean } from '../../../../language/mapping-file.js';
import type { MappingProblem } from '../../../../language/mapping-file.js';
import { NAME_BYTES, SYSTEM_COLUMNS } from '../names.js';
import { castTo } from './cast.js';
import { filterTerms } from './filter-terms.js';
import type { Given, GivenColumn } from './given.js';
import type { FoundColumn } from './lookup.js';
import { Lookup } from './lookup.js';

export interface Resolved {
  readonly given: Given;
  /** What in the file does not fit the source; all of it. */
  readonly problems: readonly MappingProblem[];
}

/** Holds a mapping file against the source. Pure. */
export function resolveMapping(file: MappingFile, catalogue: Catalogue): Resolved {
  const resolver = new Resolver(file, catalogue);
  return { given: resolver.resolve(), problems: resolver.problems };
}

type Draft = { -readonly [Key in keyof GivenColumn]: GivenColumn[Key] };
type Place = Pick<MappingProblem, 'path' | 'key'>;

class Resolver {
  readonly problems: MappingProblem[] = [];
  readonly #file: MappingFile;
  readonly #catalogue: Catalogue;
  readonly #lookup: Lookup;
  readonly #columns = new Map<string, Draft>();

  constructor(file: MappingFile, catalogue: Catalogue) {
    this.#file = file;
    this.#catalogue = catalogue;
    this.#lookup = new Lookup(catalogue);
  }

  resolve(): Given {
    const tables = this.#tableNames();
    this.#columnNames();
    this.#casts();
    this.#policies();
    this.#steps();
    this.#collations();
    return { tables, columns: this.#columns, filters: this.#filters() };
  }

  #tableNames(): Map<string, string> {
    const names = new Map<string, string>();
    const path = ['rename', 'tables'];
    for (const [key, target] of Object.entries(this.#file.rename?.tables ?? {})) {
      const table = this.#table(key, { path, key });
      if (table === undefined) continue;
      const taken = [...names].find(([, other]) => other === target);
      if (taken !== undefined) this.#say({ path: [...path, key] }, `${taken[0]} has this name too`, 'choose another');
      this.#checkName(target, { path: [...path, key] });
      names.set(qualified(table), target);
    }
    return names;
  }

  #columnNames(): void {
    const path = ['rename', 'columns'];
    for (const [key, target] of Object.entries(this.#file.rename?.columns ?? {})) {
      const found = this.#column(key, { path, key });
      if (found === undefined) continue;
      const prefix = `${qualified(found.table)}.`;
      const taken = [...this.#columns].some(([other, given]) => other.startsWith(prefix) && given.target === target);
      if (taken) this.#say({ path: [...path, key] }, 'another column of the table has this name too', 'choose another');
      if (SYSTEM_COLUMNS.has(target))
        this.#say({ path: [...path, key] }, `"${target}" is a system column of PostgreSQL`, 'choose another name');
      this.#checkName(target, { path: [...path, key] });
      this.#draft(found).target = target;
    }
  }

  #casts(): void {
    for (const [found, type, key] of this.#byColumnOrType(this.#file.cast, 'cast')) {
      const cast = castTo(type, found.column, this.#catalogue.engine);
      if ('problem' in cast)
        this.#say({ path: ['cast', key] }, `${found.path}: ${cast.problem}`, 'see docs/mapping-file.md');
      else this.#draft(found).cast = cast.choice;
    }
  }

  #policies(): void {
    for (const [found, policies, key] of this.#byColumnOrType<FilePolicies>(this.#file.values, 'values')) {
      const draft = this.#draft(found);
      draft.policies = policies;
      draft.at.policies = ['values', key];
    }
  }

  #steps(): void {
    const { decode = {}, transforms = {} } = this.#file;
    for (const [key, from] of Object.entries(decode)) {
      const found = this.#column(key, { path: ['decode'], key });
      if (found === undefined) continue;
      const draft = this.#draft(found);
      draft.steps = [{ op: 'decode', from }];
      draft.at.steps = ['decode', key];
    }
    for (const [key, steps] of Object.entries(transforms)) {
      const found = this.#column(key, { path: ['transforms'], key });
      if (found === undefined) continue;
      const problem = stepsProblem(steps, this.#catalogue.engine === 'sqlite');
      if (problem !== undefined) this.#say({ path: ['transforms', key] }, problem, 'see docs/mapping-file.md');
      const draft = this.#draft(found);
      draft.steps = [...(draft.steps ?? []), ...steps];
      draft.at.steps = ['transforms', key];
    }
  }

  #collations(): void {
    for (const [key, collate] of Object.entries(this.#file.collate ?? {})) {
      const found = this.#column(key, { path: ['collate'], key });
      if (found === undefined) continue;
      const draft = this.#draft(found);
      draft.collate = collate;
      draft.at.collate = ['collate', key];
    }
  }

  #filters(): Map<string, { where: string; sql: string }> {
    const filters = new Map<string, { where: string; sql: string }>();
    for (const [key, text] of Object.entries(this.#file.filter ?? {})) {
      const table = this.#table(key, { path: ['filter'], key });
      if (table === undefined) continue;
      const terms = filterTerms(this.#catalogue.engine, table);
      const checked = terms && checkFilter(text, terms.columns, terms.dialect);
      const place = { path: ['filter', key] };
      if (checked === undefined)
        this.#say(place, `rows of ${this.#catalogue.engine} cannot be filtered yet`, 'leave the filter out');
      else if (checked.ok) filters.set(qualified(table), { where: checked.where, sql: checked.sql });
      else this.#say(place, checked.problem, 'see docs/mapping-file.md');
    }
    return filters;
  }

  /** Entries by column or by type, each with its columns: a column's own wins, then the most exact type. */
  #byColumnOrType<T>(entries: Readonly<Record<string, T>> | undefined, part: string): [FoundColumn, T, string][] {
    const best = new Map<string, { rank: number; entry: [FoundColumn, T, string] }>();
    for (const [key, value] of Object.entries(entries ?? {})) {
      const columns = this.#lookup.columnsOf(key).map((found) => ({ found, rank: -1 }));
      const matches = columns.length > 0 ? columns : this.#lookup.columnsOfType(key);
      const place = { path: [part], key };
      if (matches.length === 0) this.#unknown(key, place);
      else if (columns.length > 1) this.#ambiguous(key, place);
      for (const { found, rank } of matches) {
        if (rank >= (best.get(found.path)?.rank ?? Infinity)) continue;
        best.set(found.path, { rank, entry: [found, value, key] });
      }
    }
    return [...best.values()].map(({ entry }) => entry);
  }

  #unknown(key: string, place: Place): void {
    const names = [...this.#lookup.typeNames, ...this.#lookup.columnNames];
    const hint = didYouMean(key, names, 'name a column as "table.column", or a type as the source declares it');
    this.#say(place, `the source has no column and no type "${key}" in the tables that are included`, hint);
  }

  #ambiguous(key: string, place: Place): void {
    this.#say(place, `"${key}" names more than one`, 'put the schema in front');
  }

  #table(key: string, place: Place): Catalogue['tables'][number] | undefined {
    const [table, ...others] = this.#lookup.tablesOf(key);
    if (table === undefined) {
      const hint = didYouMean(key, this.#lookup.tableNames, 'name a table that is included');
      this.#say(place, `the source has no table "${key}" among those that are included`, hint);
    }
    if (others.length > 0) this.#ambiguous(key, place);
    return table;
  }

  #column(key: string, place: Place): FoundColumn | undefined {
    const [found, ...others] = this.#lookup.columnsOf(key);
    if (found === undefined) {
      const hint = didYouMean(key, this.#lookup.columnNames, 'name it as "table.column"');
      this.#say(place, `the source has no column "${key}" in the tables that are included`, hint);
    }
    if (others.length > 0) this.#ambiguous(key, place);
    return found;
  }

  #checkName(name: string, place: Place): void {
    if (name.includes('\0')) this.#say(place, 'the name holds the character NUL', 'remove it');
    if (Buffer.byteLength(name) > NAME_BYTES)
      this.#say(place, `the name is longer than ${String(NAME_BYTES)} bytes`, 'shorten it');
  }

  #draft(found: FoundColumn): Draft {
    const draft = this.#columns.get(found.path) ?? { at: {} };
    this.#columns.set(found.path, draft);
    return draft;
  }

  #say(place: Place, message: string, hint: string): void {
    this.problems.push({ ...place, message, hint });
  }
}

function stepsProblem(steps: readonly Operator[], isSqlite: boolean): string | undefined {
  const readers = steps.filter((step) => !isTextStep(step));
  if (readers.length === 0) return undefined;
  if (steps.length > 1) return `${readers[0]?.op ?? ''} stands alone`;
  return isSqlite ? undefined : `${readers[0]?.op ?? ''} is for values of SQLite: a cast says it here`;
}
