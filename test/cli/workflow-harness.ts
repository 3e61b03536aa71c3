import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { inject } from 'vitest';
import { caravan, startCaravan } from '../migration/harness.js';
import type { Ran, Running } from '../migration/harness.js';
import { viewEngine } from '../engine/engine-harness.js';
import type { EngineView } from '../engine/engine-harness.js';

/** `caravan workflow …` on the shared stack, with definitions in files and agents in this process. */
export interface WorkflowCommands {
  readonly engine: EngineView;
  /** Writes a definition, and gives the path of its file. */
  file(text: string): string;
  run(...args: string[]): Promise<Ran>;
  start(...args: string[]): Running;
  /** Changes what the store keeps, behind its back. */
  tamper(sql: string, values: readonly unknown[]): Promise<void>;
  close(): Promise<void>;
}

export async function workflowCommands(): Promise<WorkflowCommands> {
  const folder = mkdtempSync(join(tmpdir(), 'caravan-workflow-'));
  const engine = await viewEngine();
  let files = 0;
  return {
    engine,
    file: (text) => {
      const path = join(folder, `definition-${String(++files)}.yaml`);
      writeFileSync(path, text);
      return path;
    },
    run: (...args) => caravan(['workflow', ...args]),
    start: (...args) => startCaravan(['workflow', ...args]),
    tamper: async (sql, values) => {
      const client = new pg.Client({ connectionString: inject('sharedDatabaseUrl') });
      await client.connect();
      await client.query(sql, [...values]);
      await client.end();
    },
    close: async () => {
      await engine.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A definition of one agent `one` of this type, with these tasks and lines. */
export function definitionOf(type: string, tasks: readonly string[], ...lines: readonly string[]): string {
  return [
    'name: errands',
    'orchestration_pattern: supervisor',
    `agents: {one: {type: ${type}}}`,
    ...lines,
    'tasks:',
    ...tasks.map((task) => `  - ${task}`),
    '',
  ].join('\n');
}

/** The line of `--json`. */
export function jsonOf({ stdout }: Ran): Record<string, unknown> {
  return JSON.parse(stdout.trim()) as Record<string, unknown>;
}
