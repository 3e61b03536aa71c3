import type { AssessedTable, Assessment } from '../../contracts/assessment.js';
import { bytesText, countText, printable, textTable } from '../text-table.js';
import { basisText, estimateText, minutesText, percentText, VERDICTS } from './words.js';

/** Lines of each list; all of it is in `--json` and in the page. */
const LISTED = 100;

/** The assessment for a terminal. */
export function assessmentLines(assessment: Assessment): string[] {
  const { refused, questions, cannotSee, notMigrated, findings, rules } = assessment;
  return [
    ...headLines(assessment),
    ...listed(
      'Refused',
      refused.map(({ object, reason, needed }) => `${object}: ${reason}. Needed: ${needed}.`),
    ),
    ...listed(
      'The login cannot see',
      cannotSee.map(({ what, mend }) => `${what}. Needed: ${mend}`),
    ),
    ...listed('Questions for a person', questions.map(questionText)),
    ...tableLines(assessment.tables),
    ...listed(
      'Views that are translated; the proof compares their rows',
      assessment.views.map(({ source, target }) => `${source} to ${target}`),
    ),
    ...listed(
      'Stays behind',
      notMigrated.map(({ kind, name, reason, minutes }) => `${kind} ${name}: ${reason} (${minutesText(minutes)})`),
    ),
    ...listed(
      'Findings',
      findings.map(({ code, object, count, detail }) => `${code} on ${object} (${countText(count)}): ${detail}`),
    ),
    ...listed(
      'Renamed',
      assessment.renamed.map(({ from, to, reason }) => `${from} to ${to}: ${reason}`),
    ),
    ...listed(
      'Work for people',
      assessment.effort.parts.map(
        ({ what, count, minutes }) => `${minutesText(minutes)}: ${countText(count)} × ${what}`,
      ),
    ),
    'How this was reckoned',
    ...[...rules.risk, ...rules.effort, ...rules.time].map((rule) => `  ${rule}`),
  ];
}

function headLines({ verdict, source, target, risk, effort, time }: Assessment): string[] {
  const objects = Object.entries(source.objects).map(([kind, count]) => `${countText(count)} × ${kind}`);
  return [
    VERDICTS[verdict],
    '',
    printable(`Source   ${source.engine} ${source.serverVersion}, ${source.database}`),
    `         ${countText(source.tables)} tables, ${countText(source.rows)} rows, ${bytesText(source.bytes)}${objects.length > 0 ? `; ${objects.join(', ')}` : ''}`,
    printable(`Target   schema ${target.schema}, names ${target.identifiers}`),
    printable(`Risk     ${percentText(risk.risk)}${risk.reasons.length > 0 ? `: ${risk.reasons.join('; ')}` : ''}`),
    `Effort   ${minutesText(effort.minutes)} of people`,
    `Time     ${estimateText(time.total)}: copy ${estimateText(time.copy)}, proof ${estimateText(time.proof)}`,
    `         ${basisText(time)}`,
    '',
  ];
}

function questionText({ id, text, options, default: fallback }: Assessment['questions'][number]): string {
  return `${text} [${options.map((option) => (option === fallback ? `${option}, the default` : option)).join(' | ')}] (${id})`;
}

function tableLines(tables: readonly AssessedTable[]): string[] {
  const shown = tables
    .slice(0, LISTED)
    .map((table) => [
      printable(table.source),
      printable(table.target ?? '(none)'),
      countText(table.rows),
      bytesText(table.bytes),
      countText(table.columns.length),
      percentText(table.risk),
      minutesText(table.minutes),
      estimateText(table.time),
    ]);
  const head = ['TABLE', 'TARGET', 'ROWS', 'BYTES', 'COLUMNS', 'RISK', 'EFFORT', 'COPY, ONE CONNECTION'];
  return [...textTable([head, ...shown], [2, 3, 4, 5, 6]), ...moreLine(tables.length), ''];
}

function listed(title: string, items: readonly string[]): string[] {
  if (items.length === 0) return [];
  return [
    `${title} (${countText(items.length)})`,
    ...items.slice(0, LISTED).map((item) => `  ${printable(item)}`),
    ...moreLine(items.length),
    '',
  ];
}

function moreLine(count: number): string[] {
  return count > LISTED ? [`  … and ${countText(count - LISTED)} more`] : [];
}
