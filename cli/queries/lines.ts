import type { SkipReason, Workload, WorkloadQuery } from '../../contracts/workload.js';
import { SKIP_REASONS } from '../../contracts/workload.js';
import { countText, escapedText, textTable } from '../text-table.js';

/** A workload for people. Texts of a log drive no terminal. */
export function workloadLines({ source, counts }: Workload, queries: readonly WorkloadQuery[]): string[] {
  const skipped = Object.entries(counts.skipped).toSorted(([, one], [, other]) => other - one) as [
    SkipReason,
    number,
  ][];
  const broken = counts.broken === 0 ? [] : [`${countText(counts.broken)} lines are none of a log: ${places(counts)}`];
  const rows = [
    ['read', countText(counts.read), ''],
    ['write', countText(counts.write), ''],
    ...skipped.map(([reason, count]) => [reason, countText(count), SKIP_REASONS[reason]]),
  ];
  return [
    `${source}: ${countText(counts.statements)} statements, ${countText(counts.distinct)} different texts to replay`,
    ...textTable(rows, [1]).map((line) => `  ${line}`),
    ...broken,
    ...queries.flatMap(queryLines),
  ];
}

function places({ broken, brokenAt }: Workload['counts']): string {
  const more = broken > brokenAt.length ? ' …' : '';
  return `${brokenAt.slice(0, 10).join(', ')}${brokenAt.length > 10 ? ' …' : more}`;
}

function queryLines(query: WorkloadQuery): string[] {
  const { count, sql, translated, reason, detail, transaction } = query;
  const kind = query.class === 'skipped' ? `skipped, ${reason ?? ''}` : query.class;
  const group = transaction === undefined ? '' : `, transaction ${String(transaction)}`;
  const why = detail === undefined ? '' : `: ${escapedText(detail)}`;
  return [
    '',
    `${countText(count)} × ${kind}${group}${why}`,
    `  original    ${oneLine(sql)}`,
    ...(translated === null ? [] : [`  translated  ${oneLine(translated)}`]),
  ];
}

/** Statements are shown on one line; what is longer than a screen is cut. */
function oneLine(sql: string): string {
  const text = escapedText(sql.replaceAll(/\s+/gu, ' ').trim());
  return text.length <= 2_000 ? text : `${text.slice(0, 2_000)} …`;
}
