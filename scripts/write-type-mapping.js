// Writes docs/type-mapping.md: what every type of every source becomes, by running what chooses. `--check` writes
// nothing and fails on a difference.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { typeTables } from '../dist/activities/maba/mapping/type-table.js';

const page = fileURLToPath(new URL('../docs/type-mapping.md', import.meta.url));

const cell = (text) => text.replaceAll('|', '\\|');
const code = (text) => (text === '' ? '(none)' : `\`${cell(text)}\``);

const HEAD = [
  '# What types become',
  '',
  'Every type of every source, with the target type that Caravan chooses, the kind of value that encodes, checks and',
  'proves it, the limits that a value is held to, and why. Where what a column holds decides, there is a line for each',
  'case. A type that is not here is refused by name before anything is touched (`TYPE_UNMAPPED`); a value that its target',
  'type does not take is never changed in silence: it becomes NULL and is kept in the value ledger, or its row goes to',
  'quarantine.',
  '',
];

function section({ title, entries }) {
  const lines = entries.map(({ names, declared, holding, target, codec, limits, reason }) =>
    [
      names.map(cell).join(', '),
      code(declared),
      cell(holding),
      code(target),
      code(codec),
      cell(limits),
      cell(reason),
    ].join(' | '),
  );
  return [
    `## ${title}`,
    '',
    '| types | declared | holding | target type | value codec | limits | why |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...lines.map((line) => `| ${line} |`),
    '',
  ];
}

const text = [...HEAD, ...typeTables().flatMap(section)].join('\n').trimEnd() + '\n';
const isThere = existsSync(page) && readFileSync(page, 'utf8') === text;
if (process.argv.includes('--check')) {
  if (!isThere) console.error('docs/type-mapping.md differs from what the choosers choose');
  process.exit(isThere ? 0 : 1);
}
writeFileSync(page, text);
