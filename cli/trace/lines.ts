import type { Operator } from '../../contracts/mapping.js';
import type { SeenRow, TracedChunk, TracedColumn, TracedField } from '../../contracts/trace.js';
import { isProvenEqual } from '../../platform/certificate/statements.js';
import { countText, escapedText, printable, textTable } from '../text-table.js';
import { bytesText, fieldsText } from '../values/list.js';
import type { OpenedTrace } from './opened.js';

/** Characters of a value that a line has room for. */
const SHOWN = 120;

/** The way of a row, for a person. */
export function traceLines(
  trace: OpenedTrace,
  { migrationId, key }: { readonly migrationId: string; readonly key: readonly string[] },
): string[] {
  return [
    `Row          ${printable(trace.source)} → ${printable(trace.target)}, ${keyText(trace.keyColumns, key)}`,
    `Migration    ${migrationId}, plan ${trace.planHash.slice(0, 12)}…`,
    ...states(trace),
    `Chunk        ${chunkText(trace)}`,
    `Table        ${proofText(trace)}`,
    `Source row   ${seenText(trace.sourceRow)}`,
    `Target row   ${targetText(trace)}`,
    ...(trace.fields.length === 0 ? [] : [`Both now     ${bothText(trace.fields)}`]),
    '',
    ...columnLines(trace),
    '',
    ...entryLines(trace),
  ];
}

function keyText(columns: readonly string[], key: readonly string[]): string {
  if (columns.length !== key.length) return `${columns.map(printable).join(', ')} = ${key.map(escapedText).join(',')}`;
  return columns.map((column, at) => `${printable(column)} = ${escapedText(key[at] ?? '')}`).join(', ');
}

function states({ copiedAt, provenAt, promotedAt }: OpenedTrace): string[] {
  return [
    ...(copiedAt === undefined ? [] : [`Copied at    ${printable(copiedAt.position)} of the source`]),
    ...(provenAt === undefined ? [] : [`Proven at    ${printable(provenAt.position)} of the source`]),
    ...(promotedAt === undefined ? [] : [`Promoted     ${printable(promotedAt)}`]),
  ];
}

function chunkText({ chunk, chunks, place }: OpenedTrace): string {
  if (place === 'moved by another tool') return 'none: another tool moved the row';
  if (chunks === 0) return 'none is known: nothing was copied, or it was undone';
  if (chunk === null) return `one of ${countText(chunks)}; which one cannot be told from the key's text`;
  const { committedAt, epoch, rows } = chunk;
  const when = committedAt === undefined ? 'not committed yet' : `committed ${committedAt}`;
  return `${String(chunk.chunk + 1)} of ${countText(chunks)}${rangeText(chunk)}, ${when}, attempt ${String(epoch)}, ${countText(rows)} rows`;
}

function rangeText({ lower, upper }: TracedChunk): string {
  if (lower === undefined && upper === undefined) return ', the whole table';
  const from = lower === undefined ? 'the first' : escapedText(lower);
  return upper === undefined ? `, from ${from} to the last` : `, from ${from} to before ${escapedText(upper)}`;
}

function proofText({ proof, provenAt }: OpenedTrace): string {
  if (proof === undefined) return 'not proven yet';
  const at = provenAt === undefined ? '' : ' at this state';
  const equal = isProvenEqual(proof) ? `proven equal${at}` : 'NOT proven equal';
  const odd = `${countText(proof.quarantinedRows)} in quarantine, ${countText(proof.changedValues)} values changed`;
  return `${equal}: ${countText(proof.targetRows)} of ${countText(proof.sourceRows)} rows are in the target, ${odd}`;
}

function seenText({ state, why = '' }: SeenRow): string {
  if (state === 'there') return 'it is there now';
  return state === 'not there' ? 'it is not there now' : `not read: ${printable(why)}`;
}

function targetText({ targetRow, place, entries }: OpenedTrace): string {
  if (place === 'nowhere') return 'nothing of this migration is in the target';
  const where = place === 'shadow' ? ' (in the shadow: not promoted yet)' : '';
  const isOut =
    place !== 'moved by another tool' &&
    targetRow.state === 'not there' &&
    entries.some(({ kind }) => kind === 'quarantined');
  return `${seenText(targetRow)}${where}${isOut ? ': it is in quarantine' : ''}`;
}

function bothText(fields: readonly TracedField[]): string {
  const named = (state: TracedField['state']): string[] =>
    fields.filter((field) => field.state === state).map(({ column }) => printable(column));
  const [ledgered, differs] = [named('ledgered'), named('differs')];
  const told = [
    ...(ledgered.length === 0 ? [] : [`stored otherwise, as the ledger says: ${ledgered.join(', ')}`]),
    ...(differs.length === 0 ? [] : [`DIFFERENT: ${differs.join(', ')} (one side may have been written since)`]),
  ];
  return told.length === 0 ? `equal in all ${countText(fields.length)} columns` : told.join('; ');
}

function columnLines({ columns, fields }: OpenedTrace): string[] {
  const now = new Map(fields.map((field) => [field.column, field]));
  const reveal = fields.some(({ source }) => source !== undefined);
  const head = ['COLUMN', 'SOURCE TYPE', 'TARGET', 'TARGET TYPE', 'TRANSFORM', 'NOW'];
  const rows = columns.map((column) => {
    const field = now.get(column.target);
    const cells = [
      printable(column.source),
      printable(column.declared ?? '-'),
      printable(column.target),
      printable(column.type),
      transformText(column),
      field?.state ?? '-',
    ];
    return reveal ? [...cells, valueText(field?.source), valueText(field?.target)] : cells;
  });
  return textTable([reveal ? [...head, 'SOURCE VALUE', 'TARGET VALUE'] : head, ...rows]);
}

function valueText(value: string | null | undefined): string {
  if (value === undefined) return '-';
  return cut(value === null ? 'NULL' : `"${escapedText(value)}"`);
}

function transformText({ transform, generated, onInvalid, values }: TracedColumn): string {
  if (generated !== undefined) return 'reckoned by the target';
  const steps = transform.map(stepText).join(' → ');
  const policies = Object.entries(values ?? {}).map(([cause, policy]) => `${cause}: ${policy.do}`);
  const odd = [...(onInvalid === 'null' ? [] : [`odd values: ${onInvalid}`]), ...policies];
  return cut(printable([steps, ...odd].join('; ')));
}

function stepText({ op, ...parameters }: Operator): string {
  const given = Object.values(parameters).map(String);
  return given.length === 0 ? op : `${op}(${given.join(', ')})`;
}

function entryLines({ entries, place, chunk, proof, targetRow }: OpenedTrace): string[] {
  if (place === 'moved by another tool' && entries.length === 0)
    return ['The proof kept no difference of this row; of each finding it keeps the first.'];
  if (entries.length === 0 && (chunk === null || proof === undefined || targetRow.state !== 'there'))
    return ['No entry in the value ledger or the quarantine.'];
  if (entries.length === 0) return ['No entry in the value ledger or the quarantine: the row was stored as it was.'];
  const head = ['WHAT', 'COLUMN', 'RULE', 'SEALED (UTC)'];
  const isOpen = entries.some(({ value, row }) => value !== undefined || row !== undefined);
  const rows = entries.map(({ kind, column, rule, sealedAt, value, row }) => {
    const cells = [kind, printable(column ?? '-'), printable(rule), sealedAt?.slice(0, 19).replace('T', ' ') ?? '-'];
    const text = value === undefined ? (row === undefined ? '' : fieldsText(row)) : bytesText(value);
    return isOpen ? [...cells, cut(text)] : cells;
  });
  return textTable([isOpen ? [...head, 'ORIGINAL'] : head, ...rows]);
}

function cut(text: string): string {
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`;
}
