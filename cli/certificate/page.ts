import { isProvenEqual } from '../../platform/certificate/statements.js';
import type { Content } from '../../platform/certificate/schemas.js';
import { countText } from '../text-table.js';
import { html, join, page } from '../page/html.js';
import type { Html } from '../page/html.js';
import { card, list, section } from '../page/parts.js';
import { STYLE } from '../page/style.js';
import { reportTables, wordsOf } from './report-tables.js';
import type { ShownCertificate } from './shown.js';
import { CERTIFICATE_STYLE } from './style.js';

/** Items of a long list that are shown; the evidence file has all. */
const ITEMS_MAX = 1000;
/** Statements of one kind at the top. */
const GROUP_MAX = 8;
const NOT_PROVEN_MAX = 40;
const HASH_DIGITS = 12;

/** A certificate for people: what was proven and what was not, alike. Every text that comes from elsewhere is escaped. */
export function certificatePage(shown: ShownCertificate, fileName: string): string {
  const { content, verdict } = shown;
  const body = html`<header>
      <p class="kicker">Caravan certificate of ${content.migrationId}</p>
      <h1><bdi>${content.source.database}</bdi> <span class="arrow">→</span> <bdi>${content.target.schema}</bdi></h1>
      <p class="verdict ${verdict.state}">${verdict.text}</p>
    </header>
    <main>
      ${ends(shown)} ${statements(content)} ${tables(content)} ${views(content)} ${exceptions(content)}
      ${findings(content)} ${structure(shown)} ${checks(shown)} ${left(content)} ${decisions(shown)} ${inFull(content)}
      ${evidence(content, fileName)} ${verifying(shown, fileName)}
    </main>`;
  return page(`Certificate of ${content.migrationId}`, join([STYLE, CERTIFICATE_STYLE]), body);
}

function ends({ content }: ShownCertificate): Html {
  const { source, target, decision, comparison } = content;
  const moment =
    target.promotedAt === undefined
      ? `moved by another tool; compared ${timeText(target.comparedAt ?? '')}`
      : `promoted ${timeText(target.promotedAt)}`;
  return html`<section class="cards">
    ${card('Source', `${source.engine} ${source.version}`, [
      html`database <bdi>${source.database}</bdi>`,
      html`at <code>${source.position}</code>`,
      source.consistent ? 'read at one state' : 'NOT read at one state',
      ...(source.detail === undefined ? [] : [source.detail]),
    ])}
    ${card('Target', `PostgreSQL ${target.version}`, [
      html`schema <bdi>${target.schema}</bdi>`,
      html`at <code>${target.lsn}</code>`,
      moment,
      ...(content.mode === 'data-only' ? ['rows went into tables that stood there before'] : []),
    ])}
    ${card(comparison === undefined ? 'Migration' : 'Comparison', content.migrationId, [
      html`plan
        <code>${content.planHash.slice(0, HASH_DIGITS)}…</code>${decision ? ` approved by ${decision.by}` : ''}`,
      `signed ${timeText(content.issuedAt)}`,
      `Caravan ${content.caravanVersion}`,
    ])}
  </section>`;
}

/** Side by side: what was not proven is as plain as what was. Of long lists the beginning; all of them stand below. */
function statements({ proven, notProven }: Content): Html {
  const groups = Map.groupBy(proven, ({ how }) => how);
  const grouped = [...groups].map(
    ([how, group]) =>
      html`${beginning(
          group.map(({ what }) => sentence(what)),
          GROUP_MAX,
        )}
        <p class="how">How: ${how}</p>`,
  );
  return html`<section class="statements">
    <div class="statement">
      <h2>Proven <span class="count">${countText(proven.length)}</span></h2>
      ${join(grouped)} ${proven.length === 0 ? html`<p>Nothing.</p>` : html``}
    </div>
    <div class="statement">
      <h2>Not proven <span class="count">${countText(notProven.length)}</span></h2>
      ${beginning(notProven, NOT_PROVEN_MAX)} ${notProven.length === 0 ? html`<p>Nothing is left.</p>` : html``}
    </div>
  </section>`;
}

function beginning(items: readonly string[], most: number): Html {
  if (items.length <= most) return list(items);
  const rest = countText(items.length - most);
  return list([...items.slice(0, most), html`<em>and ${rest} more; each is named below</em>`]);
}

/** Some statements come with their full stop. */
function sentence(what: string): string {
  return what.endsWith('.') ? what : `${what}.`;
}

/** What did not fit above. */
function inFull({ proven, notProven }: Content): Html {
  const whole = (title: string, items: readonly string[]): Html =>
    html`<section>
      <h2>${title} <span class="count">${countText(items.length)}</span></h2>
      ${list(items)}
    </section>`;
  const groups = [...Map.groupBy(proven, ({ how }) => how).values()].filter((group) => group.length > GROUP_MAX);
  return html`${notProven.length > NOT_PROVEN_MAX ? whole('Not proven, all of it', notProven) : html``}
  ${
    groups.length === 0
      ? html``
      : whole(
          'Proven, all of what is only begun above',
          groups.flat().map(({ what }) => sentence(what)),
        )
  }`;
}

function tables({ tables: reports }: Content): Html {
  const head = ['Source', 'Target', 'Rows', 'Rows there', 'In quarantine', 'Changed', 'Hash', ''];
  const rows = reports.map((each) => {
    const isEqual = isProvenEqual(each);
    return [
      html`<bdi>${each.source}</bdi>`,
      html`<bdi>${each.target}</bdi>`,
      countText(each.sourceRows),
      countText(each.targetRows),
      countText(each.quarantinedRows),
      countText(each.changedValues),
      hashes(each),
      mark(isEqual ? 'good' : 'bad', isEqual ? 'equal' : 'not proven equal'),
    ];
  });
  return section('Tables', head, rows);
}

function hashes({ sourceHash, targetHash }: { sourceHash: string | null; targetHash: string | null }): Html {
  const short = (hash: string | null): string => (hash === null ? 'none' : hash.slice(0, HASH_DIGITS));
  if (sourceHash === targetHash) return html`<code>${short(sourceHash)}</code>`;
  return html`<code>${short(sourceHash)}</code> ≠ <code>${short(targetHash)}</code>`;
}

function mark(look: 'good' | 'warn' | 'bad', text: string): Html {
  return html`<span class="mark ${look}">${text}</span>`;
}

function views({ views: reports = [] }: Content): Html {
  const rows = reports.map(({ kind = 'view', source, target, equal, sourceRows, targetRows, ...more }) => {
    // Of all else the report says that it was made, and nothing was compared.
    const isCompared = more.sourceHash !== null || kind === 'view';
    const words = isCompared ? ['equal', 'not in the target'] : ['made', 'not made'];
    const counts = isCompared ? [countText(sourceRows), countText(targetRows)] : ['', ''];
    const ends = [html`<bdi>${source}</bdi>`, html`<bdi>${target}</bdi>`];
    return [kind, ...ends, ...counts, mark(equal ? 'good' : 'bad', words[equal ? 0 : 1] ?? '')];
  });
  return section('Views and other objects', ['Kind', 'Source', 'Target', 'Rows', 'Rows there', ''], rows);
}

/** Rows that are not in the target, and values that are there otherwise. */
function exceptions({ tables: reports }: Content): Html {
  const odd = reports.filter(({ quarantinedRows, changedValues }) => quarantinedRows + changedValues > 0);
  const rows = odd.map(({ source, quarantinedRows, changedValues }) => [
    html`<bdi>${source}</bdi>`,
    countText(quarantinedRows),
    countText(changedValues),
  ]);
  return section('Rows in quarantine and changed values', ['Table', 'Rows in quarantine', 'Values changed'], rows);
}

/** How a disposition looks. */
const LOOKS: Readonly<Partial<Record<string, 'good' | 'warn'>>> = {
  repaired: 'good',
  accepted: 'warn',
  listed: 'warn',
};

function findings({ findings: found }: Content): Html {
  const rows = found
    .slice(0, ITEMS_MAX)
    .map(({ code, object, count, disposition, detail }) => [
      code,
      html`<bdi>${object}</bdi>`,
      countText(count),
      mark(LOOKS[disposition] ?? 'bad', disposition),
      detail,
    ]);
  return html`${section('Findings', ['Finding', 'On', 'Count', 'Disposition', 'What it is'], rows)}
  ${more(found.length, 'findings.json')}`;
}

function more(count: number, file: string): Html {
  const rest = count - ITEMS_MAX;
  return rest > 0 ? html`<p>… and ${countText(rest)} more, in the evidence file ${file}.</p>` : html``;
}

function structure({ content, structure: items }: ShownCertificate): Html {
  const counts = content.comparison?.structure;
  if (counts === undefined) return html``;
  const rows = items
    .slice(0, ITEMS_MAX)
    .map(({ state, kind, object, how = '' }) => [state, kind, html`<bdi>${object}</bdi>`, how]);
  const { objects, same, mapped, missing, differing, notCompared } = counts;
  const told = `${countText(objects)} objects of the source: ${countText(same)} the same, ${countText(mapped)} mapped, ${countText(missing)} missing, ${countText(differing)} differ, ${countText(notCompared)} not compared`;
  return html`<section>
      <h2>Structure</h2>
      <p>${told}.</p>
    </section>
    ${section('Objects that are not the same', ['State', 'Kind', 'Object', 'How, or why'], rows)}
    ${more(items.length, 'structure.json')}`;
}

function checks({ content, reports }: ShownCertificate): Html {
  return join(
    (content.checks ?? []).map(({ check, counts, hash }) => {
      const figures = Object.entries(counts).map(
        ([name, count]) => html`<span><b>${countText(count)}</b> ${wordsOf(name)}</span> `,
      );
      return html`<section>
        <h2>Check: ${check}</h2>
        <p class="figures">${join(figures)}</p>
        ${reportTables(reports.get(check), ITEMS_MAX)}
        <p class="how">The whole report is the evidence file check-${check}.json, SHA-256 <code>${hash}</code></p>
      </section>`;
    }),
  );
}

function left({ notMigrated, cannotSee, comparison }: Content): Html {
  const title = comparison === undefined ? 'Not migrated' : 'Not compared';
  return html`${section(
    title,
    ['Kind', 'Name', 'Why'],
    notMigrated.slice(0, ITEMS_MAX).map(({ kind, name, reason }) => [kind, html`<bdi>${name}</bdi>`, reason]),
  )}
  ${more(notMigrated.length, 'not-migrated.json')}
  ${section(
    'What the login could not see',
    ['What', 'What would mend it'],
    cannotSee.map(({ what, mend }) => [what, mend]),
  )}`;
}

function decisions({ decisions: made }: ShownCertificate): Html {
  const rows = made
    .slice(0, ITEMS_MAX)
    .map(({ at, what, on, by, option, reason = '' }) => [
      timeText(at),
      what,
      html`<bdi>${on}</bdi>`,
      html`<bdi>${by}</bdi>`,
      [...(option === undefined ? [] : [option]), ...(reason === '' ? [] : [reason])].join(': '),
    ]);
  return html`${section('Decisions', ['When', 'What', 'On', 'By', 'Answer, reason'], rows)}
  ${more(made.length, 'decisions.json')}`;
}

function evidence({ chain, chainHead = '' }: Content, fileName: string): Html {
  if (chain === undefined) return html``;
  const folder = fileName.replace(/\.json$/u, '.evidence');
  const rows = chain.map(({ name, bytes, sha256 }) => [name, countText(bytes), html`<code>${sha256}</code>`]);
  return html`${section('Evidence files', ['File', 'Bytes', 'SHA-256'], rows)}
    <p class="how">
      They lie in the folder ${folder}. Each is linked to the one before it; the chain ends in
      <code>${chainHead}</code>, which the certificate has.
    </p>`;
}

function verifying({ fingerprint, pinned }: ShownCertificate, fileName: string): Html {
  const signer = pinned
    ? 'When this page was made the signature was checked with the key that was given.'
    : 'When this page was made the signature fitted the key in the certificate; whose key that is was not checked.';
  return html`<section>
    <h2>How to verify</h2>
    <p>This page is not the certificate. It shows the file ${fileName}, which anyone can check without a network:</p>
    <p><code>caravan certificate verify ${fileName} --key PUBLIC.pem</code></p>
    <p>${signer} Fingerprint of the signer’s key: <code>${fingerprint}</code></p>
  </section>`;
}

/** "2026-01-02 03:04:05 UTC"; what is no such time stays as it is. */
function timeText(at: string): string {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/u.test(at) ? `${at.slice(0, 19).replace('T', ' ')} UTC` : at;
}
