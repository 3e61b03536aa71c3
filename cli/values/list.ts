import type { CliContext } from '../cli-context.js';
import { withSession } from '../session.js';
import { countText, escapedText, printable, safeJson, textTable } from '../text-table.js';
import { LEDGERS, withKept } from './kept.js';
import type { Kept, KindOption } from './kept.js';
import type { OpenedBytes, OpenedEntry, OpenedFields } from './opened.js';

export interface ListOptions {
  readonly kind: KindOption;
  readonly table?: string;
  readonly column?: string;
  readonly rule?: string;
  readonly limit: number;
  /** Show the values themselves. */
  readonly reveal?: boolean;
  readonly json?: boolean;
}

/** Characters of a value, or of a key, that a table has room for. */
const SHOWN = 120;

interface Listed {
  readonly counts: readonly Count[];
  readonly entries: readonly OpenedEntry[];
  readonly total: number;
}

interface Count {
  readonly kind: OpenedEntry['kind'];
  readonly table: string;
  readonly column: string | null;
  readonly rule: string;
  readonly count: number;
}

/** `caravan values list`: what could not be stored as it was; the values themselves only with `reveal`. */
export async function runValuesList(context: CliContext, migrationId: string, options: ListOptions): Promise<number> {
  return withSession(
    context,
    (session) =>
      withKept(context, session, {
        migrationId,
        work: async (kept) => {
          const listed = await read(kept, options);
          const { place, note } = kept;
          if (options.json === true) {
            const { counts, entries, total } = listed;
            context.print(safeJson({ migrationId, place, total, counts, entries, more: total - entries.length }));
          } else {
            for (const line of lines(listed, options)) context.print(line);
            if (note !== '') context.tell(note);
          }
          return 0;
        },
      }),
    { loud: options.json !== true },
  );
}

async function read(kept: Kept, { kind, table, column, rule, limit, reveal = false }: ListOptions): Promise<Listed> {
  const filter = { table, column, reason: rule };
  const counts: Count[] = [];
  const entries: OpenedEntry[] = [];
  for (const ledger of LEDGERS[kind]) {
    const found = await kept.counts(ledger, filter);
    const what = ledger === 'value_ledger' ? 'changed' : 'quarantined';
    counts.push(...found.map(({ reason, ...count }) => ({ kind: what, rule: reason, ...count }) as const));
    const room = limit - entries.length;
    if (room <= 0) continue;
    for await (const entry of kept.entries(ledger, { filter, limit: room, values: reveal })) entries.push(entry);
  }
  return { counts, entries, total: counts.reduce((sum, { count }) => sum + count, 0) };
}

function lines({ counts, entries, total }: Listed, { reveal = false }: ListOptions): string[] {
  if (total === 0) return ['nothing: every value was stored as it was'];
  const head = ['COUNT', 'WHAT', 'TABLE', 'COLUMN', 'RULE'];
  const counted = counts.map((count) =>
    [countText(count.count), count.kind, count.table, count.column ?? '-', count.rule].map(printable),
  );
  const entryHead = ['WHAT', 'TABLE', 'KEY', 'COLUMN', 'RULE', 'SEALED (UTC)', ...(reveal ? ['VALUE'] : [])];
  const more = total - entries.length;
  return [
    ...textTable([head, ...counted], [0]),
    '',
    ...textTable([entryHead, ...entries.map((entry) => entryCells(entry, reveal))]),
    ...(more > 0 ? [`… and ${countText(more)} more (--limit)`] : []),
    ...(reveal ? [] : ['The values themselves: --reveal, or "caravan values export".']),
  ];
}

function entryCells(entry: OpenedEntry, reveal: boolean): string[] {
  const { kind, table, key, column, rule, sealedAt } = entry;
  const sealed = sealedAt === null ? '-' : sealedAt.slice(0, 19).replace('T', ' ');
  const cells = [
    kind,
    printable(table),
    cut(key === null ? '(none)' : fieldsText(key)),
    printable(column ?? '-'),
    rule,
    sealed,
  ];
  return reveal ? [...cells, cut(valueText(entry))] : cells;
}

function valueText({ value, row }: OpenedEntry): string {
  if (value !== undefined) return bytesText(value);
  return row === undefined ? '' : fieldsText(row);
}

export function fieldsText(fields: OpenedFields): string {
  return Object.entries(fields)
    .map(([name, field]) => `${escapedText(name)}=${field === null ? 'NULL' : bytesText(field)}`)
    .join(', ');
}

export function bytesText(bytes: OpenedBytes): string {
  return 'text' in bytes ? `"${escapedText(bytes.text)}"` : `base64:${bytes.base64}`;
}

function cut(text: string): string {
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`;
}
