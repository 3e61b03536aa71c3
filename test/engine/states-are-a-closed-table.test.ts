import { describe, expect, it } from 'vitest';
import {
  EXECUTION_COMMANDS,
  EXECUTION_STATES,
  EXECUTION_TRANSITIONS,
  isFinal,
  mayAsk,
  mayBecome,
} from '../../contracts/execution-states.js';
import type { ExecutionCommand, ExecutionStatus } from '../../contracts/execution-states.js';

/** Everything that can be reached. */
function reached(from: ExecutionStatus): Set<ExecutionStatus> {
  const seen = new Set<ExecutionStatus>();
  const open = [from];
  for (const state of open) {
    for (const next of EXECUTION_TRANSITIONS[state]) {
      if (!seen.has(next)) open.push(next);
      seen.add(next);
    }
  }
  return seen;
}

describe('the states of an execution', () => {
  it('1: every state has a row of known states; exactly the four ends have no way out', () => {
    expect(Object.keys(EXECUTION_TRANSITIONS).sort()).toEqual([...EXECUTION_STATES].sort());
    for (const to of Object.values(EXECUTION_TRANSITIONS).flat()) expect(EXECUTION_STATES).toContain(to);
    expect(EXECUTION_STATES.filter(isFinal)).toEqual(['completed', 'failed', 'cancelled', 'timed_out']);
  });

  it('2: from every state that is no end an end can be reached', () => {
    for (const state of EXECUTION_STATES)
      if (!isFinal(state)) expect([...reached(state)].some(isFinal), state).toBe(true);
  });

  it('3: compensating is entered only where tasks may have run, and ends without success', () => {
    const before = EXECUTION_STATES.filter((state) => mayBecome(state, 'compensating'));
    expect(before).toEqual(['running', 'paused']);
    expect([...reached('compensating')].sort()).toEqual(['cancelled', 'failed', 'timed_out']);
  });

  it('4 and 5: completed is reached from running alone, so never straight from paused', () => {
    expect(EXECUTION_STATES.filter((state) => mayBecome(state, 'completed'))).toEqual(['running']);
  });

  it('nobody may ask anything of what ended, and what is asked leads where the table allows', () => {
    const commands = Object.keys(EXECUTION_COMMANDS) as ExecutionCommand[];
    for (const command of commands)
      for (const state of EXECUTION_STATES) if (isFinal(state)) expect(mayAsk(command, state)).toBe(false);
    const leads = { pause: ['paused'], resume: ['running', 'planning'], cancel: ['compensating', 'cancelled'] };
    for (const command of commands)
      for (const state of EXECUTION_COMMANDS[command])
        expect(
          leads[command].some((to) => mayBecome(state, to as ExecutionStatus)),
          `${command} ${state}`,
        ).toBe(true);
  });
});
