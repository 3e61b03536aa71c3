import { defineConfig } from 'vitest/config';

/** Rooms of tests that start no server and change nothing of their process: they share processes, and load modules once. */
const PURE = ['behaviour', 'docs', 'house', 'language', 'mapping', 'statistics'].map(
  (room) => `test/${room}/**/*.test.ts`,
);

export default defineConfig({
  test: {
    pool: 'forks',
    // Tests wait for servers more than they compute.
    maxWorkers: 4,
    maxConcurrency: 3,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // In the order of their names: the long ones first.
    projects: [
      {
        extends: true,
        test: {
          name: 'on servers',
          include: ['test/**/*.test.ts'],
          exclude: PURE,
          globalSetup: ['test/setup/global.ts'],
        },
      },
      { extends: true, test: { name: 'pure', include: PURE, isolate: false } },
    ],
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
