import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FAILURES } from '../../contracts/failures.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('the failure catalogue', () => {
  it('has a page for every code, and the pages say what the catalogue says', () => {
    const output = execFileSync(process.execPath, ['scripts/write-failure-pages.js', '--check'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(output).toBe('');
    const pages = readdirSync(`${root}/docs/failures`).filter((name) => name !== 'README.md');
    expect(pages.toSorted()).toEqual(
      Object.keys(FAILURES)
        .map((code) => `${code}.md`)
        .toSorted(),
    );
  });
});
