import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // Tests wait for servers more than they compute.
    maxWorkers: 3,
    maxConcurrency: 3,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    globalSetup: ['test/setup/global.ts'],
    // What is pure is measured, and held: the language and the planner. Workflows and activities run in processes of their
    // own, which this does not see; tests on real servers hold them.
    coverage: {
      provider: 'v8',
      include: ['language/**/*.ts'],
      reporter: ['text-summary'],
      reportOnFailure: true,
      reportsDirectory: 'dist/coverage',
      thresholds: { lines: 95, statements: 95, functions: 95 },
    },
  },
});
