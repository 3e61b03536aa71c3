import { isBuiltIn } from '../../contracts/agents.js';
import type { AgentMessage } from '../../contracts/execution-messages.js';
import { retryOf } from '../../contracts/definition.js';
import type { ExecutionTask } from '../../contracts/executions.js';
import { answersOf, fieldsOf, listOf, textOf } from './answers.js';
import type { Fields } from './answers.js';
import type { PatternRun } from './pattern-run.js';

/** Times that agents may answer each other after the last task. Option `max_rounds`. */
const ROUNDS = 10;
/** Messages that wait for one agent; older ones make room. */
const WAITING = 100;
/** Where messages are kept, so that a checkpoint holds them. */
const INBOX = '#inbox';
/** Rounds after the last task that were begun: a run that goes on goes on counting. */
const ROUND = '#round';
/** A message's answer is no task of the definition. */
const ANSWER_SECONDS = 300;

/**
 * Agents send each other messages by name (`messages` of an answer: `{to, body}`, `to: "*"` for all others). An agent
 * is given what came for it with its next task; what came for one that has no task left is brought to it
 * (`purpose: "message"`), and it may answer in turn.
 */
export async function network(run: PatternRun): Promise<void> {
  const mail = new Mail(run);
  await run.run({
    shared: ({ agent }: ExecutionTask) => ({ inbox: mail.take(agent) }),
    after: (task, output) => {
      for (const answer of answersOf(task, output)) mail.post(task.agent, answer);
      return Promise.resolve(output);
    },
  });
  await mail.deliver();
}

class Mail {
  readonly #run: PatternRun;
  /** Caravan's own agents read no messages. */
  readonly #readers: ReadonlySet<string>;

  constructor(run: PatternRun) {
    this.#run = run;
    const named = Object.entries(run.engine.opened.agentTypes);
    this.#readers = new Set(named.filter(([, type]) => !isBuiltIn(type)).map(([name]) => name));
  }

  post(from: string, { messages }: Fields): void {
    for (const item of listOf(messages)) {
      const { to, body } = fieldsOf(item);
      const named = textOf(to);
      const receivers = named === '*' ? this.#others(from) : [named];
      for (const name of receivers) {
        // Nobody reads under this name: the events say so, nothing is kept.
        const known = name !== undefined && this.#readers.has(name);
        this.#run.engine.events.add('agent.message', { data: { from, to: name ?? null, delivered: known } });
        if (known) this.#put({ from, to: name, body: body ?? null });
      }
    }
  }

  #others(from: string): readonly string[] {
    return [...this.#readers].filter((name) => name !== from);
  }

  take(agent: string): readonly AgentMessage[] {
    const all = this.#all();
    const mine = all.filter(({ to }) => to === agent);
    if (mine.length > 0) this.#keep(all.filter(({ to }) => to !== agent));
    return mine;
  }

  /** Until nobody has anything more to say, or the rounds are over. */
  async deliver(): Promise<void> {
    const { max_rounds: given } = this.#run.options;
    const rounds = typeof given === 'number' ? given : ROUNDS;
    const { memory } = this.#run.engine;
    const begun = memory.outputOf(ROUND);
    for (let round = typeof begun === 'number' ? begun + 1 : 1; round <= rounds; round += 1) {
      const receivers = [...new Set(this.#all().map(({ to }) => to))];
      if (receivers.length === 0) return;
      memory.keep(ROUND, round);
      await Promise.all(receivers.map((agent) => this.#bring(agent, round)));
    }
  }

  async #bring(agent: string, round: number): Promise<void> {
    const { engine } = this.#run;
    const output = await engine.dispatcher.send({
      agent,
      agentType: engine.typeOf(agent),
      taskId: `messages/${agent}/${String(round)}`,
      partOf: 'messages',
      purpose: 'message',
      input: null,
      shared: { inbox: this.take(agent) },
      timeoutSeconds: ANSWER_SECONDS,
      retry: retryOf(),
    });
    this.post(agent, fieldsOf(output));
  }

  #put(message: AgentMessage): void {
    const all = this.#all();
    const mine = all.filter(({ to }) => to === message.to).slice(1 - WAITING);
    this.#keep([...all.filter(({ to }) => to !== message.to), ...mine, message]);
  }

  #all(): readonly AgentMessage[] {
    return listOf(this.#run.engine.memory.outputOf(INBOX)) as readonly AgentMessage[];
  }

  #keep(messages: readonly AgentMessage[]): void {
    this.#run.engine.memory.keep(INBOX, messages);
  }
}
