// Writes docs/edge-cases.md: each case of scripts/edge-cases.json with the tests that bear its number, as a comment
// "[edge 4 5]" above the test. `--check` writes nothing and fails on a difference.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = join(root, 'docs', 'edge-cases.md');
const cases = JSON.parse(readFileSync(join(root, 'scripts', 'edge-cases.json'), 'utf8'));

const TAG = /\/\/ \[edge ([\d ]+)\]\s*\n\s*(?:it|test)\b/g;

/** Test files by the number of the case. */
function taggedFiles() {
  const files = new Map();
  const folder = join(root, 'test');
  for (const name of readdirSync(folder, { recursive: true }).sort()) {
    if (!name.endsWith('.test.ts')) continue;
    const path = join(folder, name);
    for (const [, numbers] of readFileSync(path, 'utf8').matchAll(TAG)) {
      for (const number of numbers.trim().split(/\s+/).map(Number)) {
        files.set(number, new Set([...(files.get(number) ?? []), relative(root, path)]));
      }
    }
  }
  return files;
}

const files = taggedFiles();
const problems = [];
const known = new Set(cases.map(([number]) => number));
for (const number of files.keys()) if (!known.has(number)) problems.push(`no case has the number ${number}`);
const lines = cases.map(([number, what, does]) => {
  const tests = [...(files.get(number) ?? [])];
  if (tests.length > 0 && does === '') problems.push(`case ${number} has a test and does not say what happens`);
  if (tests.length === 0 && does !== '') problems.push(`case ${number} says what happens, and no test shows it`);
  const links = tests.map((file) => `[${file.replace(/^.*\//, '').replace('.test.ts', '')}](../${file})`);
  return `| ${number} | ${what} | ${does === '' ? 'not yet shown by a test' : does} | ${links.join(', ')} |`;
});
const text = [
  '# Edge cases',
  '',
  'What a migration does with the odd things that the test suites of other tools know. A case without a test says so: nothing is',
  'promised for it here.',
  '',
  '| # | case | what Caravan does | shown by |',
  '| --- | --- | --- | --- |',
  ...lines,
  '',
].join('\n');

const isThere = existsSync(page) && readFileSync(page, 'utf8') === text;
if (process.argv.includes('--check') && !isThere) problems.push('docs/edge-cases.md differs from the tests');
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
if (!process.argv.includes('--check')) writeFileSync(page, text);
