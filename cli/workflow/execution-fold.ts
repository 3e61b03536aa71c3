import type { ExecutionView } from '../../contracts/execution-messages.js';
import { shellWord } from '../../contracts/needs.js';
import type { ExecutionRow, StoredDefinition } from '../../platform/store/engine/engine-store.js';
import type { StoredEvent } from '../../platform/store/engine/events.js';
import { NEW_EXECUTION, fold } from '../../platform/store/engine/projection.js';
import type { Folded } from '../../platform/store/engine/projection.js';
import { patient } from '../patience.js';
import type { Patience } from '../patience.js';
import { printable } from '../text-table.js';
import type { Session } from '../session.js';

type What = ExecutionView['waitsFor'][number]['what'];

/** Events read at once. */
const PAGE = 5000;

/** An execution as its events tell it; brought up to date by reading those behind the last one. */
export class ExecutionFold {
  readonly folded: Folded = { execution: NEW_EXECUTION, tasks: new Map() };
  readonly executionId: string;
  readonly #waits = new Map<string, What>();
  #seq = 0;

  constructor(executionId: string) {
    this.executionId = executionId;
  }

  /** Tasks that wait for a person, and for what. */
  get waits(): ReadonlyMap<string, What> {
    return this.#waits;
  }

  /** Reads what came since. Resolves with the new events, in order. */
  async catchUp({ store }: Pick<Session, 'store'>, patience: Patience = {}): Promise<readonly StoredEvent[]> {
    const fresh: StoredEvent[] = [];
    for (;;) {
      const place = { after: this.#seq, limit: PAGE };
      const page = await patient(() => store.engine.executions.events(this.executionId, place), patience);
      for (const event of page) this.#add(event);
      fresh.push(...page);
      if (page.length < PAGE) return fresh;
    }
  }

  #add(event: StoredEvent): void {
    this.#seq = event.seq;
    fold(this.folded, event);
    const { kind, taskId = '', data } = event;
    if (kind === 'task.waiting_for_person') this.#waits.set(taskId, data['what'] as What);
    else if (kind === 'task.compensation_parked') this.#waits.set(taskId, 'undo');
    else if (ANSWERS.includes(kind)) this.#waits.delete(taskId);
    else if (kind === 'workflow.execution_finished') this.#waits.clear();
  }
}

/** Events after which nobody is waited for any longer. */
const ANSWERS: readonly StoredEvent['kind'][] = ['task.decided', 'task.compensated', 'task.compensation_failed'];

/** What people are asked, as the definition says it; read once. */
export class Questions {
  #definition: Promise<StoredDefinition | undefined> | undefined;

  async of(
    { store }: Pick<Session, 'store'>,
    { workflowId, ordinal }: ExecutionRow,
    [taskId, what]: readonly [string, What],
  ): Promise<string | undefined> {
    if (what !== 'approval') return undefined;
    this.#definition ??= patient(() => store.engine.definitions.get(workflowId, ordinal));
    const tasks = (await this.#definition)?.definition.tasks ?? [];
    const approval = tasks.find(({ id }) => id === taskId || taskId.startsWith(`${id}[`))?.approval;
    return typeof approval === 'object' ? approval.text : undefined;
  }
}

/** What a task waits for, and what is asked, with the commands that answer. */
export function waitLines(executionId: string, [taskId, what]: readonly [string, What], question?: string): string[] {
  const task = shellWord(taskId);
  const commands = COMMANDS[what].map(
    (answer) => `  caravan workflow ${answer.replace('…', `${executionId} ${task}`)}`,
  );
  const asked = question === undefined ? '' : `: ${printable(question)}`;
  return [`task "${printable(taskId)}" waits for ${WORDS[what]}${asked}`, ...commands];
}

const DECIDE = ['decide … --approve', 'decide … --reject'];
const RESOLVE = ['resolve … --retry', 'resolve … --skip', 'resolve … --fail'];

const COMMANDS: Readonly<Record<What, readonly string[]>> = {
  approval: DECIDE,
  human: ['decide … --approve --output JSON', 'decide … --reject'],
  exhausted: RESOLVE,
  undo: ['resolve … --retry', 'resolve … --skip'],
};

const WORDS: Readonly<Record<What, string>> = {
  approval: 'approval',
  human: 'a person to do it',
  exhausted: 'a decision: its attempts are used up',
  undo: 'a decision: its undo failed',
};
