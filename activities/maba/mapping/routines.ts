import type { Catalogue, CatalogueObject, CatalogueProgram } from '../../../contracts/catalogue.js';
import { qualified } from '../../../contracts/catalogue.js';
import type { NotMigrated, RoutineMapping, TableMapping } from '../../../contracts/mapping.js';
import { PlannedRelations } from '../queries/planned-relations.js';
import type { KnownRoutine } from '../queries/routines/program.js';
import type { RoutineTranslation, TranslatedRoutine } from '../queries/routines/translate-routine.js';
import { translateRoutine } from '../queries/routines/translate-routine.js';
import { Untranslatable } from '../queries/typed.js';
import type { IdentifierRule, Renamed } from './names.js';
import { applyRule, hashedName, NAME_BYTES, targetNames } from './names.js';
import { likeColumns } from './routine-samples.js';

export interface RoutineDrafting {
  readonly catalogue: Catalogue;
  readonly tables: readonly TableMapping[];
  readonly targetSchema: string;
  readonly identifiers: IdentifierRule;
}

export interface DraftedRoutines {
  readonly routines: readonly RoutineMapping[];
  readonly notMigrated: readonly NotMigrated[];
  readonly renamed: readonly Renamed[];
}

type Program = CatalogueObject & { readonly program: CatalogueProgram };
type Attempted = { readonly routine: RoutineMapping; readonly known?: KnownRoutine | undefined } | string;

interface Attempting extends RoutineDrafting {
  readonly relations: PlannedRelations;
  readonly names: ReadonlyMap<string, string>;
  readonly known: Map<string, KnownRoutine>;
}

/**
 * Functions, procedures and triggers of MySQL as PL/pgSQL, those first that others call. A translation is a proposal: what
 * it does is tried beside the source before it is made.
 */
export function draftRoutines(drafting: RoutineDrafting): DraftedRoutines {
  const { catalogue, tables } = drafting;
  const relations = new PlannedRelations({ catalogue, tables });
  const programs = catalogue.objects.filter((object): object is Program => object.program !== undefined);
  const { names, renamed } = namesOf(programs, drafting);
  const attempting: Attempting = { ...drafting, relations, names, known: new Map() };
  const routines: RoutineMapping[] = [];
  let waiting = programs;
  let reasons = new Map<Program, string>();
  for (let before = -1; waiting.length !== before;) {
    before = waiting.length;
    reasons = new Map();
    for (const object of waiting) {
      const attempted = attempt(object, attempting);
      if (typeof attempted === 'string') reasons.set(object, attempted);
      else {
        routines.push(attempted.routine);
        if (attempted.known) attempting.known.set(object.name.toLowerCase(), attempted.known);
      }
    }
    waiting = waiting.filter((object) => reasons.has(object));
  }
  // Of other sources they are told elsewhere.
  const isTold = catalogue.engine === 'mysql' || catalogue.engine === 'mariadb';
  const unseen = catalogue.objects.filter(
    ({ kind, program }) => isTold && (kind === 'routine' || kind === 'trigger') && program === undefined,
  );
  const left = (object: CatalogueObject, reason: string): NotMigrated => ({
    kind: object.kind,
    name: qualified(object),
    reason: `it was not translated: ${reason}`,
  });
  return {
    routines,
    renamed,
    notMigrated: [
      ...waiting.map((object) => left(object, reasons.get(object) ?? 'for an unknown reason')),
      ...unseen.map((object) => left(object, 'its definition cannot be seen')),
    ],
  };
}

/** Functions and procedures have a space of names each in the source, and one in the target; functions of triggers, too. */
function namesOf(
  programs: readonly Program[],
  { tables, identifiers }: RoutineDrafting,
): { readonly names: ReadonlyMap<string, string>; readonly renamed: Renamed[] } {
  const taken = new Set(tables.flatMap(({ onUpdate }) => onUpdate?.name ?? []));
  const keys = programs.map(({ name }) => name);
  return targetNames([...new Set(keys)], { rule: identifiers, what: 'routine', taken });
}

function attempt(object: Program, attempting: Attempting): Attempted {
  const { program } = object;
  if (program.body === '') return 'its definition cannot be seen';
  const twice = attempting.catalogue.objects.filter(
    (other) => other.program !== undefined && other.name.toLowerCase() === object.name.toLowerCase(),
  );
  if (twice.length > 1) return 'two routines or triggers have its name';
  // As columns of TINYINT(1) are; where that does not fit, they are numbers.
  const first = attemptAs(object, attempting, true);
  if (typeof first !== 'string') return first;
  const second = attemptAs(object, attempting, false);
  return typeof second === 'string' ? first : second;
}

function attemptAs(object: Program, attempting: Attempting, booleans: boolean): Attempted {
  const { program } = object;
  const { identifiers, relations, known: routines, names } = attempting;
  const reading = relations.reading();
  const on = program.trigger && ownTable(attempting, program.trigger.table);
  if (program.trigger && !on) return `its table ${program.trigger.table} is not in the target`;
  const given: RoutineTranslation = {
    ...{ program, relations: reading, routines, booleans },
    target: names.get(object.name) ?? applyRule(object.name, identifiers),
    columnName: (source) => applyRule(source, identifiers),
    ...(on && { on }),
  };
  try {
    const made = translateRoutine(given);
    const reads = [...new Set([...reading.read, ...made.found.reads])];
    if (program.trigger?.timing === 'AFTER' && on && reading.read.has(qualified(on.table.source)))
      return 'it reads its own table, which PostgreSQL shows it only behind the whole statement';
    const routine = mappingOf({ object, made, reads, target: given.target, on: on?.table }, attempting);
    return { routine, known: made.known && { ...made.known, reads } };
  } catch (error) {
    if (error instanceof Untranslatable) return error.message;
    throw error;
  }
}

function ownTable({ relations, tables, catalogue }: Attempting, name: string): RoutineTranslation['on'] {
  const table = tables.find(({ source }) => source.schema === catalogue.database && source.name === name);
  const relation = relations.reading().find(undefined, name);
  return table && relation && { table, relation };
}

interface Mapping {
  readonly object: Program;
  readonly made: TranslatedRoutine;
  readonly reads: readonly string[];
  readonly target: string;
  readonly on: TableMapping | undefined;
}

function mappingOf({ object, made, reads, target, on }: Mapping, attempting: Attempting): RoutineMapping {
  const { program, schema, name } = object;
  const { catalogue, tables, targetSchema } = attempting;
  const trigger = program.trigger && on && triggerOf({ object, on, target }, attempting);
  const statements = trigger
    ? [
        ...made.statements,
        `CREATE TRIGGER ${quoted(trigger.name)} ${trigger.timing} ${trigger.event} ON ${quoted(trigger.table)} FOR EACH ROW EXECUTE FUNCTION ${quoted(target)}()`,
      ]
    : made.statements;
  return {
    kind: program.type,
    source: { schema, name },
    target: { schema: targetSchema, name: target },
    original: object.definition ?? program.body,
    statements: [...statements],
    arguments: likeColumns(made.arguments, { tables, reads, catalogue }),
    ...(trigger && { trigger }),
    reads: [...reads],
    writes: [...made.found.writes],
    clocked: [...made.found.clocked],
    notes: on && program.trigger ? cascadeNotes(on, program.trigger.event) : [],
  };
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** PostgreSQL fires triggers of one moment by their names: these come in the source's order, before ON UPDATE's. */
function triggerOf(
  { object, on, target }: { readonly object: Program; readonly on: TableMapping; readonly target: string },
  { catalogue }: RoutineDrafting,
): RoutineMapping['trigger'] {
  const { trigger } = object.program;
  if (trigger === undefined) return undefined;
  const { timing, event, table, order } = trigger;
  const all = catalogue.objects.filter(
    ({ program }) => program?.trigger?.table === table && program.trigger.event === event,
  );
  const beside = all.filter(({ program }) => program?.trigger?.timing === timing);
  const isBeforeUpdate = timing === 'BEFORE' && event === 'UPDATE' && on.onUpdate !== undefined;
  const isLate = isBeforeUpdate && target >= (on.onUpdate?.name ?? '');
  const name = beside.length > 1 || isLate ? `${String(order).padStart(2, '0')}_${target}` : target;
  return {
    name: Buffer.byteLength(name) > NAME_BYTES ? hashedName(name, object.name) : name,
    table: on.target.name,
    timing,
    event,
    beside: all.flatMap((other) => (other === object ? [] : [other.name])),
  };
}

/** What MySQL does not tell triggers, and PostgreSQL does. */
function cascadeNotes({ foreignKeys }: TableMapping, event: string): string[] {
  const acts = ({ onDelete, onUpdate }: TableMapping['foreignKeys'][number]): boolean =>
    event === 'DELETE'
      ? onDelete === 'CASCADE'
      : event === 'UPDATE' &&
        ([onUpdate].includes('CASCADE') || [onDelete, onUpdate].some((one) => one.startsWith('SET ')));
  const names = foreignKeys.filter(acts).map(({ name }) => name);
  if (names.length === 0) return [];
  return [`PostgreSQL also fires it for rows that a foreign key changes (${names.join(', ')}); MySQL does not`];
}
