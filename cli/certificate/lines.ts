import { printable } from '../text-table.js';
import type { ShownCertificate } from './shown.js';

/** Lines of each list; the page and the evidence files have all. */
const SHOWN = 50;

/** A certificate on a terminal. */
export function certificateLines({ content, verdict, decisions, fingerprint, pinned }: ShownCertificate): string[] {
  const { source, target, findings, chain = [] } = content;
  return [
    verdict.text,
    '',
    `Migration    ${printable(content.migrationId)}`,
    `Source       ${printable(source.engine)} ${printable(source.version)}, ${printable(source.database)}, at ${printable(source.position)}`,
    `Target       PostgreSQL ${printable(target.version)}, schema ${printable(target.schema)}, at ${printable(target.lsn)}`,
    '',
    ...list(
      'Proven',
      content.proven.map(({ what }) => what),
    ),
    ...list('Not proven', content.notProven),
    ...list(
      'Findings',
      findings.map(({ code, object, count, disposition }) => `${code} on ${object}: ${String(count)}, ${disposition}`),
    ),
    ...list(
      'Decisions',
      decisions.map(({ at, what, on, by, option, reason }) =>
        [`${at.slice(0, 19).replace('T', ' ')} ${what}: ${on}, by ${by}`, option, reason]
          .filter((part) => part !== undefined)
          .join(', '),
      ),
    ),
    ...list(
      'Evidence files',
      chain.map(({ name, bytes, sha256 }) => `${sha256}  ${name}  ${String(bytes)} bytes`),
    ),
    `Signed with  ${fingerprint}${pinned ? '' : ' (not pinned: give --key)'}`,
  ];
}

function list(title: string, items: readonly string[]): string[] {
  if (items.length === 0) return [];
  const rest = items.length - SHOWN;
  const shown = items.slice(0, SHOWN).map((item) => `  ${printable(item)}`);
  return [`${title} (${String(items.length)})`, ...shown, ...(rest > 0 ? [`  … and ${String(rest)} more`] : []), ''];
}
