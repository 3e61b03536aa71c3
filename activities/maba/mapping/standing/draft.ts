import { qualified } from '../../../../contracts/catalogue.js';
import type {
  ColumnMapping,
  MadeType,
  MigrationMapping,
  NotMigrated,
  TableMapping,
} from '../../../../contracts/mapping.js';
import type { StandingColumn, StandingTable } from '../../../../databases/standing.js';
import type { MappingProblem } from '../../../../language/mapping-file.js';
import { columnPath } from '../choose-type.js';
import type { DraftedMapping, DraftMappingInput } from '../draft-mapping.js';
import { draftMapping } from '../draft-mapping.js';
import { routineLeft } from '../given/row-filter.js';
import { nativeMisfits } from '../postgres/draft.js';
import { leftOfStanding } from './left.js';
import { matchStanding } from './match.js';
import type { Matched } from './match.js';
import { settlePassed } from './settle-passed.js';
import { without } from './without.js';

export type StandingDraft =
  | { readonly drafted: DraftedMapping }
  /** Everything that keeps the source's tables out of the target's. */
  | { readonly misfits: readonly string[] };

/** A mapping into tables that stand in the target: only rows come. Pure. */
export function draftStanding(input: DraftMappingInput, standing: readonly StandingTable[]): StandingDraft {
  const { catalogue, profiles, identifiers, given } = input;
  const matched = matchStanding({ catalogue, profiles, standing, identifiers, ...(given && { given }) });
  if (matched.misfits.length > 0) return { misfits: matched.misfits };
  const drafted = draftMatched(input, matched);
  const clash = namesakes(matched);
  if (clash.length > 0) return { misfits: clash };
  const mapping = intoStanding(input, { drafted: drafted.mapping, matched, standing });
  // Keys, checks and the like of the source are not made: why they could not be is no matter here.
  const findings = drafted.findings.filter(({ code }) => code !== 'not_null_relaxed');
  const misfits = [...drafted.misfits, ...(isPassed(input) ? passedMisfits(given) : collateMisfits(given))];
  return { drafted: { mapping, refused: [], misfits, findings } };
}

/** Rows of PostgreSQL are passed as they are, whatever their types. */
function isPassed({ catalogue }: Pick<DraftMappingInput, 'catalogue'>): boolean {
  return catalogue.engine === 'postgres';
}

function draftMatched(input: DraftMappingInput, { catalogue, given }: Matched): DraftedMapping {
  if (!isPassed(input)) return draftMapping({ ...input, catalogue, given });
  // Names are those of the target: nothing is made for which others would matter.
  return draftMapping({ ...without(input, 'given'), catalogue, identifiers: 'preserve' });
}

/** Of rows that are passed only the names of their tables and columns may be others. */
function passedMisfits(given: DraftMappingInput['given']): MappingProblem[] {
  return given === undefined ? [] : nativeMisfits(given).filter(({ path }) => path[0] !== 'rename');
}

/** Columns that stand are compared as they are. */
function collateMisfits(given: DraftMappingInput['given']): MappingProblem[] {
  const message = 'with "--mode data-only" the columns of the target stand, and are compared as they are';
  return [...(given?.columns ?? [])].flatMap(([, { at, collate }]) =>
    collate === undefined ? [] : [{ path: at.collate ?? [], message, hint: 'leave it out' }],
  );
}

/** A plan names a type without a schema. */
function namesakes({ columns }: Matched): string[] {
  const labels = new Map<string, string>();
  return [...columns].flatMap(([path, column]) => {
    if (column.labels === undefined) return [];
    const own = JSON.stringify(column.labels);
    const other = labels.get(column.type) ?? own;
    labels.set(column.type, other);
    return other === own ? [] : [`${path}: the target has two enum types "${column.type}"`];
  });
}

interface Settling {
  readonly drafted: MigrationMapping;
  readonly matched: Matched;
  readonly standing: readonly StandingTable[];
}

/** Notes on what only a table that is made would have. */
const OF_MADE_TABLES = new Set(
  'index,identity,on update,invisible,default,generated column,check,collation,primary key,foreign key'.split(','),
);

function intoStanding(input: DraftMappingInput, { drafted, matched, standing }: Settling): MigrationMapping {
  const used = new Set([...matched.tables.values()].map(({ name }) => name));
  const untouched = standing.filter(({ name }) => !used.has(name)).map(({ name }) => name);
  const kept: NotMigrated[] = drafted.notMigrated.filter(({ kind }) => !OF_MADE_TABLES.has(kind));
  const types = new Map<string, MadeType>();
  for (const { type, labels } of matched.columns.values())
    if (labels !== undefined) types.set(type, { name: type, labels: [...labels] });
  return {
    ...without(drafted, 'notes', 'extensions', 'collations', 'routines'),
    identifiers: input.identifiers,
    mode: 'data-only',
    ...(untouched.length > 0 && { untouched }),
    types: [...types.values()],
    tables: drafted.tables.map((table) => settleTable(input, table, matched)),
    views: [],
    renamed: [],
    notMigrated: [
      ...kept,
      ...(drafted.routines ?? []).map((each) => routineLeft(each, 'only rows are moved into tables that stand')),
      ...leftOfStanding(input.catalogue, matched),
    ],
  };
}

function settleTable(input: DraftMappingInput, table: TableMapping, matched: Matched): TableMapping {
  const own = matched.tables.get(qualified(table.source));
  const columns = table.columns.map((column) =>
    isPassed(input) ? settlePassed(input, { table, column }, matched) : settleColumn(table, column, matched),
  );
  const filled = new Set(columns.map(({ target }) => target));
  const left = (own?.columns ?? []).filter(({ name }) => !filled.has(name));
  return {
    ...without(table, 'primaryKey', 'onUpdate', 'comment', 'copyForm', 'chunkKey', 'exclusions'),
    target: { ...table.target, name: own?.name ?? table.target.name },
    columns,
    ...formAndChunks(table, columns),
    uniqueKeys: [],
    indexes: [],
    foreignKeys: [],
    checks: [],
    ...(left.length > 0 && {
      leftToTarget: left.map(({ name, fills }) => ({ column: name, by: fills ?? ('null' as const) })),
    }),
  };
}

/** The target says whether it may be NULL. What tells rows apart never becomes NULL. */
function settleColumn(table: TableMapping, column: ColumnMapping, matched: Matched): ColumnMapping {
  const own: StandingColumn | undefined = matched.columns.get(columnPath(table.source, column.source));
  if (own === undefined) return column;
  const { identity } = column;
  const isKey = table.rowKey?.includes(column.source) === true;
  const wished = matched.given.columns.get(columnPath(table.source, column.source))?.policies?.otherwise ?? 'null';
  const onInvalid = wished === 'null' && (isKey || !own.nullable) ? 'quarantine' : wished;
  const strict =
    column.sourceNullable && !own.nullable ? ['NOT NULL in the target: a row with NULL is quarantined'] : [];
  return {
    ...without(column, 'default', 'generated', 'comment', 'identity', 'collation', 'relaxed'),
    nullable: own.nullable,
    onInvalid,
    ...(identity && own.fills === 'sequence' && { identity }),
    reasons: [...column.reasons.filter((reason) => !reason.startsWith('NOT NULL relaxed')), ...strict],
  };
}

/** Where chunks are cut goes by the target's name; the bytes of a value are passed where both sides have one type. */
function formAndChunks(
  { chunkKey, copyForm, columns }: TableMapping,
  settled: readonly ColumnMapping[],
): Pick<TableMapping, 'chunkKey' | 'copyForm'> {
  const key = settled.find(({ source }) => source === chunkKey?.source);
  const isAlike = settled.every(({ type }, at) => type === columns[at]?.type);
  return {
    ...(chunkKey && { chunkKey: { ...chunkKey, ...(key && { target: key.target }) } }),
    ...(copyForm && isAlike && { copyForm }),
  };
}
