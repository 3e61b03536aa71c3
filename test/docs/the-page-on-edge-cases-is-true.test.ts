import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

it('the page on edge cases names the tests that show each case, and claims nothing that no test shows', () => {
  const output = execFileSync(process.execPath, ['scripts/write-edge-cases.js', '--check'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(output).toBe('');
});
