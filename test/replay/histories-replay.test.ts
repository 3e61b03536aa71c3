import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../histories', import.meta.url));
const codePath = fileURLToPath(new URL('../../dist/workflow-bundle.js', import.meta.url));
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

interface Recorded {
  readonly workflowId: string;
  readonly history: ReturnType<typeof historyFromJSON>;
}

function read(file: string): Recorded {
  const { workflowId, history } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
    workflowId: string;
    history: unknown;
  };
  return { workflowId, history: historyFromJSON(history) };
}

describe('histories of real migrations and executions', () => {
  it('are there: finished, with exceptions, rejected, cancelled, failed', () => {
    for (const name of ['finished', 'finished-with-exceptions', 'rejected', 'cancelled', 'failed']) {
      expect(files).toContain(`${name}.migration.json`);
    }
  });

  it('are there for a database that another tool moved', () => {
    for (const name of ['migration', 'discovery', 'verification']) expect(files).toContain(`compared.${name}.json`);
  });

  it('are there for executions: completed, undone, and every run of one that continued as new', () => {
    for (const name of ['completed.graph', 'compensated.graph', 'continued.graph-1', 'continued.graph-2'])
      expect(files).toContain(`${name}.json`);
  });

  it.each(files)('%s replays with the workflow code of today', async (file) => {
    for await (const { error } of Worker.runReplayHistories({ workflowBundle: { codePath } }, [read(file)])) {
      expect(error).toBeUndefined();
    }
  });

  it('would show a change of the order of commands', async () => {
    const { workflowId, history } = read('finished.discovery.json');
    const scheduled = history.events?.find(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'raiseQuestions',
    );
    const type = scheduled?.activityTaskScheduledEventAttributes?.activityType;
    if (type === null || type === undefined) throw new Error('the history has no such activity');
    type.name = 'somethingElse';
    const replayed = Worker.runReplayHistories({ workflowBundle: { codePath } }, [{ workflowId, history }]);
    for await (const { error } of replayed) expect(error?.name).toBe('DeterminismViolationError');
  });
});
