import { defaultPayloadConverter } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import type { RunTask } from '../../contracts/agents.js';
import { eventsFromHistory } from '../../workers/events-from-history.js';

type History = Parameters<typeof eventsFromHistory>[0];

const executionId = '7b1d1c0e-9d0f-4e0e-8d55-0a4b1a2f9c11';
const at = { seconds: 1_700_000_000, nanos: 250_000_000 };
const time = '2023-11-14T22:13:20.250Z';

function asked(eventId: number, task: Partial<RunTask> & { taskId: string }, purpose = 'run', agentType = 'clerk') {
  const context = { agent: 'one', purpose, ...(task.taskId.endsWith(']') && { partOf: 'each' }) };
  const input = {
    payloads: [defaultPayloadConverter.toPayload({ executionId, attempt: 1, agentType, ...task, context })],
  };
  const taskQueue = { name: `queue-${agentType}` };
  return {
    ...{ eventId, eventTime: at },
    activityTaskScheduledEventAttributes: { activityType: { name: 'runTask' }, input, taskQueue },
  };
}

const historyOf = (events: readonly object[]): History => ({ events }) as unknown as History;

describe('the history of a run that was ended', () => {
  it('says of each attempt that it began and how it ended, and by whom', () => {
    const application = { failure: { applicationFailureInfo: { type: 'NO_PAPER' } } };
    const timedOut = (timeoutType: number) => ({ failure: { timeoutFailureInfo: { timeoutType } } });
    const events = eventsFromHistory(
      historyOf([
        asked(1, { taskId: 'a' }),
        { eventId: 2, eventTime: at, activityTaskCompletedEventAttributes: { scheduledEventId: 1 } },
        asked(3, { taskId: 'b', attempt: 2 }, 'run', 'http'),
        { eventId: 4, eventTime: at, activityTaskFailedEventAttributes: { scheduledEventId: 3, ...application } },
        asked(5, { taskId: 'each[0]' }),
        { eventId: 6, eventTime: at, activityTaskTimedOutEventAttributes: { scheduledEventId: 5, ...timedOut(1) } },
        asked(7, { taskId: 'each[1]' }, 'run', 'shared'),
        { eventId: 8, eventTime: at, activityTaskTimedOutEventAttributes: { scheduledEventId: 7, ...timedOut(2) } },
      ]),
      (queue) => (queue === 'queue-clerk' ? 'clerk-1' : undefined),
    );
    const clerk = { agent_id: 'clerk-1', agent: 'one' };
    expect(events.map(({ id, data }) => [id, data])).toEqual([
      ['task.started|a|1|', clerk],
      ['task.completed|a|1|', clerk],
      ['task.started|b|2|', { agent_id: 'caravan/http', agent: 'one' }],
      ['task.failed|b|2|', { agent_id: 'caravan/http', agent: 'one', reason: 'NO_PAPER' }],
      ['task.started|each[0]|1|', { ...clerk, part_of: 'each' }],
      ['task.failed|each[0]|1|', { ...clerk, part_of: 'each', reason: 'timeout' }],
      ['task.started|each[1]|1|', { agent: 'one', part_of: 'each' }],
      ['task.failed|each[1]|1|', { agent: 'one', part_of: 'each', reason: 'agent_lost' }],
    ]);
    expect(new Set(events.map((event) => event.at))).toEqual(new Set([time]));
  });

  it('says nothing of what is no attempt of a task, and no end of what has none', () => {
    const other = { activityType: { name: 'notify' }, input: { payloads: [{}] } };
    const events = eventsFromHistory(
      historyOf([
        { eventId: 1, eventTime: at, activityTaskScheduledEventAttributes: other },
        { eventId: 2, eventTime: at, activityTaskCompletedEventAttributes: { scheduledEventId: 1 } },
        asked(3, { taskId: 'a' }, 'compensate'),
        { eventId: 4, eventTime: at, activityTaskCompletedEventAttributes: { scheduledEventId: 3 } },
        asked(5, { taskId: 'b' }),
      ]),
      () => undefined,
    );
    expect(events.map(({ id }) => id)).toEqual(['task.started|b|1|']);
  });
});
