import type { Catalogue, CatalogueColumn, CatalogueTable } from '../../../../contracts/catalogue.js';
import { qualified } from '../../../../contracts/catalogue.js';
import type { TableProfile } from '../../../../contracts/profile.js';
import { unfilledProblems } from '../../../../databases/standing.js';
import type { StandingColumn, StandingTable } from '../../../../databases/standing.js';
import { columnPath, contextOf, surveyOf } from '../choose-type.js';
import type { Survey } from '../choose-type.js';
import type { Given, GivenColumn } from '../given/given.js';
import type { IdentifierRule } from '../names.js';
import { findStanding } from './names.js';
import { passedInto } from './passed.js';
import { allNull, wayInto } from './way.js';
import type { Way } from './way.js';
import { without } from './without.js';

export interface MatchInput {
  readonly catalogue: Catalogue;
  readonly profiles: readonly TableProfile[];
  readonly standing: readonly StandingTable[];
  readonly identifiers: IdentifierRule;
  readonly given?: Given;
}

export interface Matched {
  /** The source without what the target has of its own, and without columns that the target reckons. */
  readonly catalogue: Catalogue;
  /** Names and casts, as a mapping file would say them. */
  readonly given: Given;
  /** The target's table by the source's "schema.name". */
  readonly tables: ReadonlyMap<string, StandingTable>;
  /** The target's column by the source's "schema.table.column". */
  readonly columns: ReadonlyMap<string, StandingColumn>;
  /** Of columns whose values are passed as they are: why some may not fit, by the source's "schema.table.column". */
  readonly doubts: ReadonlyMap<string, readonly string[]>;
  /** Everything that does not fit; not empty: there is no plan. */
  readonly misfits: readonly string[];
}

/** Each table and column of the source with the target's own of its name and type. Pure. */
export function matchStanding(input: MatchInput): Matched {
  return new Matching(input).run();
}

class Matching {
  readonly #input: MatchInput;
  readonly #survey: Survey;
  readonly #bare: Catalogue;
  readonly #tables = new Map<string, StandingTable>();
  readonly #columns = new Map<string, StandingColumn>();
  readonly #given = new Map<string, GivenColumn>();
  readonly #doubts = new Map<string, readonly string[]>();
  readonly #misfits: string[] = [];

  constructor(input: MatchInput) {
    this.#input = input;
    this.#bare = withoutStructure(input.catalogue);
    for (const [path, given] of input.given?.columns ?? []) this.#given.set(path, given);
    const uncast = new Map([...this.#given].map(([path, given]) => [path, without(given, 'cast')]));
    this.#survey = surveyOf(this.#bare, input.profiles, {}, uncast);
  }

  /** Rows from PostgreSQL are passed as they are. */
  get #isPassed(): boolean {
    return this.#input.catalogue.engine === 'postgres';
  }

  /** PostgreSQL folds names itself: those that are stored are found as they are first. */
  get #rule(): IdentifierRule {
    const { identifiers } = this.#input;
    return this.#isPassed && identifiers === 'lower' ? 'preserve' : identifiers;
  }

  run(): Matched {
    for (const table of this.#bare.tables) this.#table(table);
    this.#checkNamesakes();
    const reckoned = (table: CatalogueTable, { name }: CatalogueColumn): boolean =>
      this.#columns.get(columnPath(table, name))?.fills === 'generated';
    const tables = this.#bare.tables.map((table) => {
      const columns = table.columns.filter((column) => !reckoned(table, column));
      return { ...table, columns: this.#isPassed ? columns.map(withoutMadeType) : columns };
    });
    return {
      catalogue: { ...this.#bare, tables },
      given: {
        tables: new Map([...this.#tables].map(([source, { name }]) => [source, name])),
        columns: this.#given,
        filters: this.#input.given?.filters ?? new Map(),
      },
      tables: this.#tables,
      columns: this.#columns,
      doubts: this.#doubts,
      misfits: this.#misfits,
    };
  }

  #table(table: CatalogueTable): void {
    const { standing, given } = this.#input;
    const place = qualified(table);
    const refused = table.refused ?? (inherits(this.#input.catalogue, place) ? INHERITS : undefined);
    if (refused !== undefined) {
      this.#misfits.push(`${place}: ${refused}`);
      return;
    }
    const asked = given?.tables.get(place);
    const match = findStanding(table.name, standing, { rule: this.#rule, given: asked });
    if (!('found' in match)) {
      const what = asked ?? table.name;
      this.#misfits.push(
        match.problem === 'missing'
          ? `${place}: the target has no table "${what}"`
          : `${place}: the target has more than one table of this name that differ in case`,
      );
      return;
    }
    this.#tables.set(place, match.found);
    const filled = new Set<string>();
    for (const column of table.columns) {
      const own = this.#column(table, column, match.found);
      if (own === undefined) continue;
      if (filled.has(own)) this.#misfits.push(`${place}: two columns of it would be "${own}"`);
      filled.add(own);
    }
    const reckoned = match.found.columns.filter(({ name, fills }) => filled.has(name) && fills === 'generated');
    if (filled.size > 0 && reckoned.length === filled.size)
      this.#misfits.push(`${place}: the target reckons each of its columns`);
    this.#misfits.push(...unfilledProblems(match.found, filled).map((problem) => `${place}: ${problem}`));
  }

  /** The target's name of the column, or undefined with a misfit. */
  #column(table: CatalogueTable, column: CatalogueColumn, standing: StandingTable): string | undefined {
    const path = columnPath(table, column.name);
    const given = this.#given.get(path);
    const scope = { rule: this.#rule, given: given?.target };
    const match = findStanding(column.name, standing.columns, scope);
    if (!('found' in match)) {
      const what = given?.target ?? column.name;
      this.#misfits.push(
        match.problem === 'missing'
          ? `${path}: the target's table "${standing.name}" has no column "${what}"`
          : `${path}: the target has more than one column of this name that differ in case`,
      );
      return undefined;
    }
    const own = match.found;
    this.#columns.set(path, own);
    if (own.fills === 'generated') return own.name;
    const way = this.#way(table, column, own);
    if ('problem' in way) this.#misfits.push(`${path}: ${way.problem}`);
    this.#given.set(path, {
      ...without(given ?? { at: {} }, 'cast'),
      target: own.name,
      ...('cast' in way && { cast: way.cast }),
    });
    return own.name;
  }

  #way(table: CatalogueTable, column: CatalogueColumn, own: StandingColumn): Way {
    const path = columnPath(table, column.name);
    const context = contextOf(this.#survey, table, column);
    if (!this.#isPassed) return wayInto(context, own, this.#given.get(path));
    const { types = [] } = this.#input.catalogue;
    const passed = passedInto(column, own, { types, longest: context.profile?.maxLength });
    const problem = 'problem' in passed ? passed.problem : allNull(context, own);
    if (problem !== undefined) return { problem };
    if ('doubts' in passed) this.#doubts.set(path, passed.doubts);
    return { natural: true };
  }

  #checkNamesakes(): void {
    const taken = new Map<string, string>();
    for (const [source, { name }] of this.#tables) {
      const other = taken.get(name);
      if (other !== undefined) this.#misfits.push(`${source}: ${other} goes into the target's table "${name}" too`);
      taken.set(name, source);
    }
  }
}

const INHERITS = 'it inherits from other tables, or they from it, which is not migrated (yet)';

function inherits({ tables }: Catalogue, place: string): boolean {
  return tables.find((table) => qualified(table) === place)?.standing?.inherits === true;
}

/** What decides how rows are read stays: types, keys, and checks that keep a text valid JSON. */
function withoutStructure(catalogue: Catalogue): Catalogue {
  const tables = catalogue.tables.map((table): CatalogueTable => {
    return {
      ...without(table, 'comment', 'standing'),
      columns: table.columns.map(plainColumn),
      indexes: table.indexes.filter(({ unique }) => unique),
      foreignKeys: [],
    };
  });
  if (catalogue.engine === 'postgres') return withoutMade(catalogue, tables);
  return { ...catalogue, tables, objects: catalogue.objects.filter(({ kind }) => kind !== 'view') };
}

/** What PostgreSQL's own words would make: none of it is. */
function withoutMade(catalogue: Catalogue, tables: readonly CatalogueTable[]): Catalogue {
  return {
    ...catalogue,
    tables: tables.map((table) => ({ ...table, checks: [] })),
    objects: [],
    types: [],
    sequences: [],
  };
}

/** The target's column has a type of its own: what somebody made in the source need not be made again. */
function withoutMadeType(column: CatalogueColumn): CatalogueColumn {
  const { base, declared } = column.type;
  return { ...without(column, 'collation'), type: { base, declared } };
}

function plainColumn({ name, type, nullable, autoIncrement, charset, collation }: CatalogueColumn): CatalogueColumn {
  return {
    name,
    type,
    nullable,
    ...(autoIncrement !== undefined && { autoIncrement }),
    ...(charset !== undefined && { charset }),
    ...(collation !== undefined && { collation }),
  };
}
