/** Broadcasts on Redis pub/sub: everyone hears them now; nothing depends on them being heard. */
export interface BusEvent {
  readonly type: EventType;
  readonly migrationId: string;
  /** ISO 8601. */
  readonly at: string;
  /** Names and counts only, never a value. */
  readonly data: Readonly<Record<string, string | number | boolean | null>>;
}

export const EVENT_TYPES = [
  'migration.started',
  'migration.finished',
  'discovery.source_inspected',
  'discovery.table_analyzed',
  'discovery.question_raised',
  'planning.plan_drafted',
  'planning.plan_decided',
  'planning.rules_proposed',
  'planning.rule_decided',
  'source.throttled',
  'source.strained',
  'source.relieved',
  'execution.chunk_copied',
  'execution.table_copied',
  'execution.rows_quarantined',
  'execution.rule_broken',
  'verification.caught_up',
  'verification.table_proven',
  'verification.finding',
  'promotion.done',
  'learning.recorded',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** Channel of a migration's events; `caravan:events:*` hears all. */
export function eventChannel(migrationId: string): string {
  return `caravan:events:${migrationId}`;
}

/** What AMANI tells people. Grouped by `group`: equal ones are one alert with a count. */
export interface Notification {
  readonly migrationId: string;
  /** Makes delivery idempotent; unique per migration. */
  readonly key: string;
  readonly kind: 'progress' | 'question' | 'alert' | 'result';
  readonly group: string;
  readonly text: string;
  readonly count: number;
}
