import type { AssessedTable, Assessment } from '../../contracts/assessment.js';
import { bytesText, countText } from '../text-table.js';
import { html, join, page } from '../page/html.js';
import type { Html } from '../page/html.js';
import { card, list, section, table } from '../page/parts.js';
import { STYLE } from '../page/style.js';
import { basisText, estimateText, minutesText, percentText, VERDICTS } from './words.js';

/** The assessment for people; every text from the source is escaped. */
export function assessmentPage(assessment: Assessment, now: Date): string {
  const { source } = assessment;
  const body = html`<header>
      <p class="kicker">Caravan assessment, ${now.toISOString().slice(0, 16).replace('T', ' ')} UTC</p>
      <h1>${source.database}</h1>
      <p>${source.engine} ${source.serverVersion} to PostgreSQL, schema <code>${assessment.target.schema}</code></p>
      <p class="verdict ${assessment.verdict}">${VERDICTS[assessment.verdict]}</p>
    </header>
    <main>
      ${cards(assessment)} ${lists(assessment)} ${tablesSection(assessment.tables)} ${rulesSection(assessment)}
    </main>`;
  return page(`Assessment of ${source.database}`, STYLE, body);
}

function cards({ source, risk, effort, time }: Assessment): Html {
  const objects = Object.entries(source.objects).map(([kind, count]) => `${countText(count)} × ${kind}`);
  return html`<section class="cards">
    ${card('Size', `${countText(source.rows)} rows`, [
      `${countText(source.tables)} tables, ${bytesText(source.bytes)}`,
      ...(objects.length > 0 ? [objects.join(', ')] : []),
    ])}
    ${card('Time', estimateText(time.total), [
      `copy ${estimateText(time.copy)}`,
      `proof ${estimateText(time.proof)}`,
      basisText(time),
    ])}
    ${card(
      'Effort of people',
      minutesText(effort.minutes),
      effort.parts
        .slice(0, 4)
        .map(({ what, count, minutes }) => `${minutesText(minutes)}: ${countText(count)} × ${what}`),
    )}
    ${card('Risk', percentText(risk.risk), risk.reasons.slice(0, 6))}
  </section>`;
}

function lists({ refused, cannotSee, questions, notMigrated, findings, renamed, views }: Assessment): Html {
  return join([
    section(
      'Refused',
      ['What', 'Why', 'Needed'],
      refused.map(({ object, reason, needed }) => [object, reason, needed]),
    ),
    section(
      'What the login cannot see',
      ['What', 'Needed'],
      cannotSee.map(({ what, mend }) => [what, mend]),
    ),
    section(
      'Questions for a person',
      ['Question', 'Options', 'Default'],
      questions.map(({ text, options, default: fallback }) => [text, options.join(', '), fallback ?? 'none']),
    ),
    section(
      'Views that are translated; the proof compares their rows',
      ['View', 'Becomes', 'Reads'],
      views.map(({ source, target, reads }) => [source, target, reads.join(', ')]),
    ),
    section(
      'What stays behind',
      ['Kind', 'Name', 'Why', 'Effort'],
      notMigrated.map(({ kind, name, reason, minutes }) => [kind, name, reason, minutesText(minutes)]),
    ),
    section(
      'Findings',
      ['Finding', 'On', 'Count', 'What it means'],
      findings.map(({ code, object, count, detail }) => [code, object, countText(count), detail]),
    ),
    section(
      'Names that change',
      ['From', 'To', 'Why'],
      renamed.map(({ from, to, reason }) => [from, to, reason]),
    ),
  ]);
}

function tablesSection(tables: readonly AssessedTable[]): Html {
  const head = ['Table', 'Rows', 'Bytes', 'Risk', 'Effort', 'Copy over one connection'];
  const rows = tables.map(({ source, rows: count, bytes, risk, minutes, time }) => [
    source,
    countText(count),
    bytesText(bytes),
    percentText(risk),
    minutesText(minutes),
    `${estimateText(time)}, ${time.from}`,
  ]);
  return html`${section('Tables', head, rows)}
    <section>
      <h2>What maps how</h2>
      ${join(tables.map(tableDetails))}
    </section>`;
}

function tableDetails({ source, target, columns, keys, riskReasons }: AssessedTable): Html {
  const made = [
    keys.primary ? 'primary key' : 'no primary key',
    `${countText(keys.unique)} unique`,
    `${countText(keys.indexes)} indexes`,
    `${countText(keys.foreign)} foreign keys`,
    `${countText(keys.checks)} checks`,
  ];
  const cells = columns.map(({ source: from, declared, target: to, type, confidence, reasons }) => [
    from,
    declared,
    to,
    type,
    percentText(confidence),
    reasons.join('; '),
  ]);
  return html`<h3>${source} <span class="arrow">→</span> ${target ?? 'nothing: none of its columns can be mapped'}</h3>
    <p>${made.join(', ')}${riskReasons.length > 0 ? `. Risk: ${riskReasons.join('; ')}` : ''}</p>
    ${columns.length === 0 ? html`` : table(['Column', 'Declared', 'Becomes', 'Type', 'Confidence', 'Why'], cells)}`;
}

function rulesSection({ rules }: Assessment): Html {
  const titled = (title: string, items: readonly string[]): Html =>
    html`<h3>${title}</h3>
      ${list(items)}`;
  return html`<section>
    <h2>How this was reckoned</h2>
    ${titled('Risk', rules.risk)}${titled('Effort', rules.effort)}${titled('Time', rules.time)}
  </section>`;
}
