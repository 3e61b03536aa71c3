import { defineSearchAttributeKey } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { throttleText, uncheckedText } from '../../contracts/limits-text.js';
import type { FinalStatus, Finding, Phase, Progress, RunningStatus } from '../../contracts/migration.js';
import type { Need } from '../../contracts/needs.js';

/** Search attributes; registered before use (temporal-dev.yaml). Names and counts only: they are never encrypted. */
const keys = {
  phase: defineSearchAttributeKey('CaravanPhase', 'KEYWORD'),
  status: defineSearchAttributeKey('CaravanStatus', 'KEYWORD'),
  source: defineSearchAttributeKey('CaravanSource', 'KEYWORD'),
  target: defineSearchAttributeKey('CaravanTarget', 'KEYWORD'),
  needsHuman: defineSearchAttributeKey('CaravanNeedsHuman', 'BOOL'),
  progress: defineSearchAttributeKey('CaravanProgress', 'INT'),
} as const;

/** The command says where its URLs lead; whoever starts a migration otherwise has named connections. */
export function showStart(source: string, target: string | undefined): void {
  const given = workflowInfo().typedSearchAttributes;
  upsertSearchAttributes([
    { key: keys.source, value: given.get(keys.source) ?? source },
    { key: keys.target, value: given.get(keys.target) ?? target ?? null },
    { key: keys.progress, value: 0 },
  ]);
}

export function showStatus(phase: Phase | 'promotion' | 'done', status: RunningStatus | FinalStatus): void {
  upsertSearchAttributes([
    { key: keys.phase, value: phase },
    { key: keys.status, value: status },
    { key: keys.needsHuman, value: status === 'waiting' },
  ]);
}

export function showPercent(percent: number): void {
  upsertSearchAttributes([{ key: keys.progress, value: percent }]);
}

/** Most lines of each of the Web UI's tables. */
const LISTED = 40;

export interface Shown {
  readonly progress: Progress;
  readonly notes: readonly string[];
  readonly needs: readonly Need[];
  readonly findings: readonly Finding[];
}

/** The Web UI tells the story alone: where it is, how far, what it waits for and the commands that answer. */
export function showDetails({ progress, notes, needs, findings }: Shown): void {
  const blocks = [headOf(progress), endsBlock(), ...needs.slice(0, LISTED).map(needBlock)];
  if (needs.length > LISTED) blocks.push(`… and ${countText(needs.length - LISTED)} more that wait`);
  if (notes.length > 0) blocks.push(notes.map((note) => `- ${note}`).join('\n'));
  if (progress.tables.length > 0) blocks.push(tablesBlock(progress));
  if (findings.length > 0) blocks.push(findingsBlock(findings));
  setCurrentDetails(blocks.join('\n\n'));
}

function headOf({
  phase,
  status,
  rows,
  totalRows,
  rowsPerSecond,
  etaSeconds,
  throttle,
  uncheckedChunks,
}: Progress): string {
  const parts = [`**${phase}**`, status === 'waiting' ? '**waits for you**' : status.replaceAll('_', ' ')];
  if (totalRows > 0) {
    const percent = String(Math.floor((100 * rows) / totalRows));
    parts.push(`${countText(rows)} of ${countText(totalRows)} rows, ${percent} %`);
  }
  if (rowsPerSecond > 0) parts.push(`${countText(rowsPerSecond)} rows/s`);
  if (phase === 'execution' && rows < totalRows && etaSeconds !== null) {
    parts.push(`about ${countText(etaSeconds)} s left`);
  }
  if (uncheckedChunks !== undefined) parts.push(uncheckedText(uncheckedChunks));
  if (throttle !== undefined) parts.push(plain(throttleText(throttle)));
  return parts.join(' · ');
}

/** What goes where: a migration that the bare Temporal CLI started has no static summary that would say it. */
function endsBlock(): string {
  const given = workflowInfo().typedSearchAttributes;
  const target = given.get(keys.target);
  return plain(
    target === undefined ? `from ${given.get(keys.source) ?? ''}` : `${given.get(keys.source) ?? ''} to ${target}`,
  );
}

function needBlock({ text, commands }: Need): string {
  const lines = commands.map(({ command, note }) => (note === undefined ? command : `${command}  # ${note}`));
  return [plain(text), '', '```sh', ...lines, '```'].join('\n');
}

function tablesBlock({ tables }: Progress): string {
  const rows = tables.map(({ source, state, rows, totalRows }) => [
    plain(source),
    state,
    countText(rows),
    countText(totalRows),
  ]);
  return table(['table', 'state', 'rows', 'of'], '|---|---|---:|---:|', rows);
}

function findingsBlock(findings: readonly Finding[]): string {
  const rows = findings.map(({ code, object, count, disposition }) => [
    code,
    plain(object),
    countText(count),
    disposition,
  ]);
  return table(['finding', 'on', 'count', 'state'], '|---|---|---:|---|', rows);
}

/** The Web UI draws cells without any room between them: hard spaces keep columns apart. */
function table(head: readonly string[], rule: string, rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `|${cells.map((cell) => `\u00a0${cell}\u00a0`).join('|')}|`;
  const more = rows.length > LISTED ? [`\n… and ${countText(rows.length - LISTED)} more`] : [];
  return [line(head), rule, ...rows.slice(0, LISTED).map(line), ...more].join('\n');
}

/** A name from elsewhere, which must neither end a cell nor draw anything of its own. */
export function plain(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/gu, '?').replace(/[\\`*|<>[\]]/gu, String.raw`\$&`);
}

/** As people write counts, without the formatter of a locale: workflow code has none that is sure to stay the same. */
export function countText(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/gu, ',');
}
