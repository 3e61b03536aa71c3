import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('docs/openapi.json', () => {
  it('says what the API says', () => {
    const args = ['scripts/write-openapi.js', '--check'];
    expect(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' })).toBe('');
  });

  it('has an operation id, a summary, and documented refusals for every route that needs a token', () => {
    interface Operation {
      readonly operationId?: string;
      readonly summary?: string;
      readonly security?: readonly unknown[];
      readonly responses: Readonly<Record<string, unknown>>;
    }
    const document = JSON.parse(readFileSync(`${root}/docs/openapi.json`, 'utf8')) as {
      readonly openapi: string;
      readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
    };
    expect(document.openapi).toBe('3.1.0');
    const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { operationId, summary, security, responses } of operations) {
      if (security?.length === 0) continue;
      expect([operationId, typeof summary]).toEqual([expect.any(String), 'string']);
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(['401', '403', '422', '503']));
    }
  });
});
