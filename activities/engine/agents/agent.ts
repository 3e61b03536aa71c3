import type { z } from 'zod';
import type { RunTask } from '../../../contracts/agents.js';
import { CaravanFailure } from '../../../contracts/failures.js';

/** An agent that Caravan's own workers play. Its promise is the task's output; what it throws is a failure of the catalogue. */
export type BuiltInAgentWork = (task: RunTask, signal: AbortSignal) => Promise<unknown>;

/** The task's input in the form that the agent takes. The fields that are wrong are named; their values are not. */
export function inputOf<T>(schema: z.ZodType<T>, { agentType, input }: RunTask): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, code, ...issue }) => {
    const keys = 'keys' in issue && Array.isArray(issue.keys) ? issue.keys.map(String) : [];
    return [path.join('.') || 'input', code.replaceAll('_', ' '), ...keys].join(' ');
  });
  throw new CaravanFailure('TASK_INPUT_INVALID', {
    attempted: 'read the input for the agent',
    on: agentType,
    seen: problems.slice(0, 5).join('; '),
  });
}
