import { countText, printable } from '../text-table.js';
import { fieldsText } from '../values/list.js';
import type { Located } from './located.js';
import type { Offer, Stage } from './offers.js';

const STAGES: Readonly<Record<Stage, string>> = {
  waits: 'It waits: what is open is reconciled now, or accepted, before anything is promoted.',
  runs: 'It is at work; findings are reconciled when it waits between its proof and the promotion.',
  ended: 'It has ended: what it moved belongs to you now, and nothing of it is copied again.',
  verified: 'It was only compared: Caravan writes nothing to this target, and says what would mend it.',
};

/** Findings with their place, explanation and offers, for a person. */
export function findingLines(
  located: readonly (Located & { readonly offers: readonly Offer[] })[],
  { stage, reveal }: { readonly stage: Stage; readonly reveal: boolean },
): string[] {
  if (located.length === 0) return ['no findings', '', STAGES[stage]];
  return [
    ...located.flatMap(({ finding, table, column, rows, offers }) => [
      `${printable(finding.id)}: ${countText(finding.count)}, ${finding.disposition}`,
      ...(table === undefined ? [] : [`  at         ${placeText(table.target, column?.target)}`]),
      `  what       ${printable(finding.detail || 'see docs/verify.md')}`,
      ...rows.map(({ key }) => `  row        ${key === null ? '(no key)' : fieldsText(key)}`),
      ...offers.flatMap(({ what, how }) =>
        how.map((line, at) => `  ${(at === 0 ? what : '').padEnd(13)}${printable(line)}`),
      ),
      '',
    ]),
    STAGES[stage],
    ...(reveal ? [] : ['Keys of the rows: --reveal.']),
  ];
}

function placeText({ schema, name }: { schema: string; name: string }, column: string | undefined): string {
  return printable(`${schema}.${name}${column === undefined ? '' : `, column ${column}`}`);
}
