import { withLimit } from '../lines.js';
import type { BenchLine } from '../lines.js';
import { cpuText, eachOf, handleOf, preparedOf, statusesOf, until } from './stack.js';
import type { EngineStack } from './stack.js';

const EXECUTIONS = 1000;
/** Starts, and then events, under way at once. */
const AT_ONCE = 16;
const LIMIT_MS = 600_000;
const NAME = 'bench-open';

/** Executions that are open at once, each waiting for an event; then each is told that it came. */
export async function* benchOpen(stack: EngineStack, tell: (text: string) => void): AsyncGenerator<BenchLine> {
  await stack.agent('opener', () => null);
  const prepared = preparedOf({
    name: NAME,
    orchestration_pattern: 'supervisor',
    agents: { one: { type: 'opener' } },
    tasks: [{ id: 'go', agent: 'one', on_event: 'go' }],
  });
  const begun = { ms: performance.now(), cpu: stack.cpu() };
  const ids: string[] = [];
  tell(`open: starting ${String(EXECUTIONS)} executions`);
  await eachOf(EXECUTIONS, AT_ONCE, async () => {
    ids.push(await stack.start(prepared));
  });
  await until('all run', async () => ((await statusesOf(stack, NAME))['running'] ?? 0) === EXECUTIONS, LIMIT_MS);
  const opened = { ms: performance.now(), cpu: stack.cpu() };
  tell('open: all are open; telling each that the event came');
  await eachOf(ids.length, AT_ONCE, async (at) => {
    await handleOf(stack, ids[at] ?? '').signal('event', { type: 'go' });
  });
  await until('all are over', async () => (await statusesOf(stack, NAME))['open'] === 0, LIMIT_MS);
  const ended = { ms: performance.now(), cpu: stack.cpu() };
  const { completed = 0 } = await statusesOf(stack, NAME);
  const seconds = (from: number, to: number): string => ((to - from) / 1000).toFixed(1);
  const note = [
    `${String(EXECUTIONS)} open at once after ${seconds(begun.ms, opened.ms)} s (${cpuText(begun.cpu, opened.cpu)})`,
    `completed ${seconds(opened.ms, ended.ms)} s after the first event (${cpuText(opened.cpu, ended.cpu)})`,
  ].join('; ');
  yield withLimit({ bench: 'engine', case: 'open', value: completed, unit: 'completed', note }, { min: EXECUTIONS });
}
