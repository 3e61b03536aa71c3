import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';

const require = createRequire(import.meta.url);

describe('protobufjs', () => {
  it('is one 8.x copy for every Temporal package, or histories in JSON cannot be replayed', () => {
    const packages = ['@temporalio/common', '@temporalio/proto', '@temporalio/worker', '@temporalio/client'];
    const places = packages.map((name) => {
      const from = createRequire(require.resolve(name));
      return from.resolve('protobufjs/package.json');
    });
    expect(new Set(places).size).toBe(1);
    const { version } = JSON.parse(readFileSync(places[0] ?? '', 'utf8')) as { version: string };
    expect(version).toMatch(/^8\./);
  });
});
