import { defineSearchAttributeKey } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { FinalStatus, Phase, Progress, RunningStatus } from '../../contracts/migration.js';

/** Search attributes; registered before use (temporal-dev.yaml). Names and counts only: they are never encrypted. */
const keys = {
  phase: defineSearchAttributeKey('CaravanPhase', 'KEYWORD'),
  status: defineSearchAttributeKey('CaravanStatus', 'KEYWORD'),
  source: defineSearchAttributeKey('CaravanSource', 'KEYWORD'),
  target: defineSearchAttributeKey('CaravanTarget', 'KEYWORD'),
  needsHuman: defineSearchAttributeKey('CaravanNeedsHuman', 'BOOL'),
  progress: defineSearchAttributeKey('CaravanProgress', 'INT'),
} as const;

export function showStart(source: string, target: string | undefined): void {
  upsertSearchAttributes([
    { key: keys.source, value: source },
    { key: keys.target, value: target ?? null },
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

/** Most tables that the Web UI's table lists. */
const LISTED = 40;

/** The Web UI tells the story alone: where it is, how far, and what it waits for. */
export function showDetails(progress: Progress, notes: readonly string[]): void {
  const rows = progress.tables
    .slice(0, LISTED)
    .map((table) => `| ${table.source} | ${table.state} | ${String(table.rows)} | ${String(table.totalRows)} |`);
  const more = progress.tables.length > LISTED ? [`| … ${String(progress.tables.length - LISTED)} more | | | |`] : [];
  setCurrentDetails(
    [
      `**${progress.phase}** · ${progress.status} · ${String(progress.rows)} of ${String(progress.totalRows)} rows · ` +
        `${String(progress.rowsPerSecond)} rows/s`,
      ...notes.map((note) => `- ${note}`),
      ...(rows.length === 0 ? [] : ['', '| table | state | rows | of |', '|---|---|---:|---:|', ...rows, ...more]),
    ].join('\n'),
  );
}
