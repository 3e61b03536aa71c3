import type { WorkflowExecutionDescription } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { z } from 'zod';
import { QUERIES } from '../../contracts/messages.js';
import type { PlanView } from '../../contracts/messages.js';
import type { Finding, MigrationReport, Progress, Question } from '../../contracts/migration.js';
import { needsOf } from '../../contracts/needs.js';
import type { MigrationRecord } from '../../platform/store/store.js';
import { unknownMigration } from '../../platform/temporal/failure-report.js';
import { query } from '../ask.js';
import type { ApiParts } from '../http/api.js';
import { describe } from './handle.js';
import type { migration } from './schemas.js';

type Shown = z.infer<typeof migration>;

const STATUS = defineSearchAttributeKey('CaravanStatus', 'KEYWORD');
const PHASE = defineSearchAttributeKey('CaravanPhase', 'KEYWORD');
const SOURCE = defineSearchAttributeKey('CaravanSource', 'KEYWORD');
const TARGET = defineSearchAttributeKey('CaravanTarget', 'KEYWORD');

/** A migration that runs tells itself; one that ended is told by its report. */
export async function showMigration(parts: ApiParts, migrationId: string): Promise<Shown> {
  const { migrations } = parts.store;
  const [found, record, report] = await Promise.all([
    describe(parts, migrationId),
    migrations.get(migrationId),
    migrations.report(migrationId),
  ]);
  if (found === undefined && record === undefined) throw unknownMigration(migrationId);
  const base = baseOf(migrationId, found, record);
  if (found?.status.name === 'RUNNING') return { ...base, ...(await liveOf(parts, found)) };
  return { ...base, ...endOf(report) };
}

function baseOf(
  migrationId: string,
  found: WorkflowExecutionDescription | undefined,
  record: MigrationRecord | undefined,
): Shown {
  const attributes = found?.typedSearchAttributes;
  return {
    migration_id: migrationId,
    status: 'ended without a report',
    source: attributes?.get(SOURCE) ?? record?.input.source ?? '',
    target: attributes?.get(TARGET) ?? record?.input.target ?? null,
    started_at: found?.startTime.toISOString() ?? record?.startedAt ?? null,
    phase: null,
    progress: null,
    waits_for: [],
    plan_hash: null,
    questions: [],
    findings: [],
    report: null,
  };
}

function endOf(report: MigrationReport | undefined): Partial<Shown> {
  if (report === undefined) return {};
  return { status: report.status, phase: 'done', report: { ...report } };
}

/** What the workflow answers; without workers, what Temporal itself knows of it. */
async function liveOf({ client }: ApiParts, found: WorkflowExecutionDescription): Promise<Partial<Shown>> {
  const handle = client.workflow.getHandle(found.workflowId);
  try {
    const [progress, plan, questions, findings] = await Promise.all([
      query<Progress>(handle, QUERIES.progress),
      query<PlanView | null>(handle, QUERIES.plan),
      query<readonly Question[]>(handle, QUERIES.questions),
      query<readonly Finding[]>(handle, QUERIES.findings),
    ]);
    const { status, phase } = progress;
    return {
      status,
      phase,
      progress: shownProgress(progress),
      waits_for: needsOf(found.workflowId, { progress, plan, questions, findings }).map(({ text }) => text),
      plan_hash: plan?.planHash ?? null,
      questions: questions.map((question) => ({ ...question, options: [...question.options] })),
      findings: [...findings],
    };
  } catch {
    const status = found.typedSearchAttributes.get(STATUS) ?? 'running';
    // What nobody told is not "none".
    return {
      waits_for: null,
      questions: null,
      findings: null,
      status: status as Shown['status'],
      phase: (found.typedSearchAttributes.get(PHASE) ?? null) as Shown['phase'],
    };
  }
}

function shownProgress({ rows, totalRows, bytes, rowsPerSecond, etaSeconds, tables }: Progress): Shown['progress'] {
  return {
    rows,
    total_rows: totalRows,
    bytes,
    rows_per_second: rowsPerSecond,
    eta_seconds: etaSeconds,
    tables: tables.map((table) => ({
      source: table.source,
      rows: table.rows,
      total_rows: table.totalRows,
      state: table.state,
    })),
  };
}
