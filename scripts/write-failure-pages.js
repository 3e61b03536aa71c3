// Writes docs/failures/: a page per failure code, from the catalogue. `--check` writes nothing and fails on a difference.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FAILURES } from '../dist/contracts/failures.js';

const folder = fileURLToPath(new URL('../docs/failures', import.meta.url));
const check = process.argv.includes('--check');

const DISPOSITIONS = {
  terminal: 'Terminal: Caravan does not try again by itself.',
  retryable: 'Passing: Caravan tries again by itself, with back-off; you see this code only while it does.',
  person: 'Waits for a person.',
};
const EXITS = {
  1: 'The command exits 1: the migration failed and was undone; the target is as it was.',
  2: 'The command exits 2: bad input; the target was not touched. Once something was made in the target it is undone, and the command exits 1.',
  4: 'The command exits 4: nobody approved; the target was not touched.',
  5: 'The command exits 5: something is left in the target; it is named.',
};

const pages = new Map(
  Object.entries(FAILURES).map(([code, entry]) => [
    `${code}.md`,
    [
      `# ${code}`,
      '',
      entry.means,
      '',
      `**What next:** ${entry.next}`,
      '',
      DISPOSITIONS[entry.disposition],
      '',
      EXITS[entry.exit],
      '',
    ].join('\n'),
  ]),
);
pages.set(
  'README.md',
  [
    '# Failures',
    '',
    'Every error that Caravan throws on purpose has a code. It stands in the message, in `error.code` of `--json`, and as the',
    'failure type in the Temporal history. Codes are never renamed.',
    '',
    '| code | means | exit |',
    '| --- | --- | --- |',
    ...Object.entries(FAILURES).map(([code, { means, exit }]) => `| [${code}](${code}.md) | ${means} | ${exit} |`),
    '',
  ].join('\n'),
);

const stale = [...pages].filter(
  ([name, text]) => !existsSync(join(folder, name)) || readFileSync(join(folder, name), 'utf8') !== text,
);
const extra = existsSync(folder) ? readdirSync(folder).filter((name) => !pages.has(name)) : [];
if (check) {
  for (const name of [...stale.map(([page]) => page), ...extra])
    console.error(`docs/failures/${name} differs from the catalogue`);
  process.exit(stale.length + extra.length === 0 ? 0 : 1);
}
mkdirSync(folder, { recursive: true });
for (const [name, text] of stale) writeFileSync(join(folder, name), text);
for (const name of extra) rmSync(join(folder, name));
