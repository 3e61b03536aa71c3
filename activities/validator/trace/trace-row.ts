import type { InMigration } from '../../../contracts/activities.js';
import { qualified } from '../../../contracts/catalogue.js';
import { CaravanFailure } from '../../../contracts/failures.js';
import type { MigrationMapping, TableMapping } from '../../../contracts/mapping.js';
import type { RowTrace, TraceQuestion, TracedColumn, TracedField } from '../../../contracts/trace.js';
import type { KeyRange } from '../../../databases/source.js';
import type { Deps } from '../../deps.js';
import { recordOf } from '../../ends.js';
import { formsOf } from '../existing/forms.js';
import { fieldText } from './field-text.js';
import { chunkOf, rangeOf, WantedRow } from './find-row.js';
import type { Fields } from './find-row.js';
import { openKept } from './kept.js';
import type { Kept } from './kept.js';
import { seen, sourceRows, targetRows } from './sides.js';

/**
 * Finds out where a row came from and what became of it: its chunk, its entries in the ledgers, and both rows as they are
 * now. The question and the answer are sealed in the store, for both have values.
 */
export async function traceRow(
  deps: Deps,
  { migrationId, lookup }: InMigration & { lookup: string },
  signal: AbortSignal,
): Promise<{ found: boolean }> {
  const asked = await deps.store.traces.question(lookup);
  // It was asked so long ago that nobody waits any more.
  if (asked === undefined) return { found: false };
  const question = JSON.parse(deps.box.open(asked, lookupContext(migrationId)).toString()) as TraceQuestion;
  const trace = await new RowTracer({ deps, migrationId, question, signal }).run();
  const answer = deps.box.seal(Buffer.from(JSON.stringify(trace)), lookupContext(migrationId));
  await deps.store.traces.answer(lookup, answer);
  return { found: true };
}

function lookupContext(migrationId: string): string {
  return `trace:${migrationId}`;
}

interface Parts {
  readonly deps: Deps;
  readonly migrationId: string;
  readonly question: TraceQuestion;
  readonly signal: AbortSignal;
}

class RowTracer {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async run(): Promise<RowTrace> {
    const { deps, migrationId, question } = this.#parts;
    const { migrations } = deps.store;
    const record = await recordOf(deps, migrationId);
    const plan = await deps.store.plans.latest(migrationId);
    const table = tableOf(plan?.document.migration, question);
    const kept = await openKept(deps, record, question);
    try {
      const name = qualified(table.source);
      const key = keyOf(table, question);
      const chunks = await kept.chunks(name);
      const chunk = chunkOf(table, key, chunks);
      const rows = await this.#rows({ kept, table, key, range: rangeOf(table, key, chunk) });
      const [copied, proven, promotion] = await Promise.all([
        migrations.state(migrationId, 'copy'),
        migrations.state(migrationId, 'proof'),
        migrations.promotion(migrationId),
      ]);
      const proof = (await migrations.tables(migrationId)).find(({ source }) => source === name);
      return {
        source: name,
        target: qualified(table.target),
        planHash: plan?.planHash ?? '',
        keyColumns: table.rowKey ?? [],
        place: kept.place,
        columns: await this.#columns(table),
        chunk: chunk ?? null,
        chunks: chunks.length,
        ...(copied && { copiedAt: copied }),
        ...(proven && { provenAt: proven }),
        ...(promotion && { promotedAt: promotion.promotedAt }),
        ...(proof && { proof }),
        ...rows,
      };
    } finally {
      await kept.close();
    }
  }

  async #rows({ kept, table, key, range }: Looked): Promise<FoundRows> {
    const { deps, question, signal } = this.#parts;
    const wanted = new WantedRow(table, key);
    const place = { table, range, signal };
    const forms = kept.place === 'moved by another tool' ? formsOf(table) : undefined;
    const from = await seen(() => sourceRows(deps, kept, place, (rows) => wanted.find(forms?.source(rows) ?? rows)));
    if (from.fields !== undefined) wanted.remember(from.fields);
    const to = await seen(() => targetRows(kept, place, (rows) => wanted.find(forms?.target(rows) ?? rows)));
    const entries = await kept.entries(qualified(table.source), wanted.identities, question.reveal);
    // What another tool changed is an example of a difference, and excuses nothing.
    const excused = kept.place === 'moved by another tool' ? [] : entries;
    const ledgered = new Set(excused.flatMap(({ kind, column }) => (kind === 'changed' ? [column] : [])));
    const fields = fieldsOfBoth(table, { source: from.fields, target: to.fields, ledgered, reveal: question.reveal });
    return { sourceRow: from.row, targetRow: to.row, entries, fields };
  }

  async #columns(table: TableMapping): Promise<TracedColumn[]> {
    const { deps, migrationId } = this.#parts;
    const discovered = await deps.store.discovery.tableOf(migrationId, table.source);
    const declared = new Map(discovered?.columns.map(({ name, type }) => [name, type.declared]));
    return table.columns.map(({ source, target, type, transform, onInvalid, values, generated }) => {
      const as = declared.get(source);
      const always = { source, target, type, transform, onInvalid };
      return { ...always, ...(values && { values }), ...(generated && { generated }), ...(as && { declared: as }) };
    });
  }
}

interface Looked {
  readonly kept: Kept;
  readonly table: TableMapping;
  readonly key: readonly string[];
  /** Where the row must be. */
  readonly range: KeyRange;
}

type FoundRows = Pick<RowTrace, 'sourceRow' | 'targetRow' | 'entries' | 'fields'>;

/** By the name of the source's table or of the target's, with or without its schema. */
function tableOf(migration: MigrationMapping | undefined, { table: name }: TraceQuestion): TableMapping {
  const found = (migration?.tables ?? []).filter(({ source, target }) =>
    [source.name, target.name, qualified(source), qualified(target)].includes(name),
  );
  const exact = found.filter(({ source, target }) => [qualified(source), qualified(target)].includes(name));
  const [table, ...more] = exact.length === 1 ? exact : found;
  if (table === undefined) throw refused(name, 'the plan has no such table', 'Name a table of its plan.');
  if (more.length > 0) throw refused(name, 'several tables are called so', 'Name it with its schema.');
  return table;
}

/** One text for a key of several columns has commas between them. */
function keyOf({ rowKey = [] }: TableMapping, { table, key: given }: TraceQuestion): readonly string[] {
  if (rowKey.length === 0) throw refused(table, 'nothing tells its rows apart: it has no key', 'Name another table.');
  const key = rowKey.length > 1 && given.length === 1 ? (given[0] ?? '').split(',') : given;
  if (key.length === rowKey.length) return key;
  const seen = `its key has ${String(rowKey.length)} column(s) (${rowKey.join(', ')}), and ${String(key.length)} value(s) were given`;
  throw refused(table, seen, 'Give --key a value for each, with commas between them or one by one.');
}

function refused(table: string, seen: string, next: string): CaravanFailure {
  return new CaravanFailure('INPUT_INVALID', { attempted: 'trace a row of', on: table, seen, next });
}

interface Both {
  readonly source: Fields | undefined;
  readonly target: Fields | undefined;
  /** Target columns that an entry tells of. */
  readonly ledgered: ReadonlySet<string | null>;
  readonly reveal: boolean;
}

/** Column by column; with one row alone its values, where they are wanted. */
function fieldsOfBoth(table: TableMapping, { source, target, ledgered, reveal }: Both): TracedField[] {
  if (source === undefined || target === undefined) return [];
  return table.columns.flatMap(({ target: column, kind, type }, at): TracedField[] => {
    const [from, to] = [source[at], target[at]];
    if (from === undefined || to === undefined) return [];
    const equal = from.framed.equals(to.framed);
    const state = equal ? 'equal' : ledgered.has(column) ? 'ledgered' : 'differs';
    return [
      {
        column,
        state,
        ...(reveal && { source: fieldText(from, { kind, type }), target: fieldText(to, { kind, type }) }),
      },
    ];
  });
}
