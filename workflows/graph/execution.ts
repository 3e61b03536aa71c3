import {
  CancellationScope,
  CancelledFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  isCancellation,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import { EVENT_DATA_CHARACTERS } from '../../contracts/execution-messages.js';
import type { ReceivedEvent } from '../../contracts/execution-messages.js';
import { mayAsk } from '../../contracts/execution-states.js';
import type { ExecutionStatus } from '../../contracts/execution-states.js';
import type { GraphInput, GraphResult, OpenedExecution } from '../../contracts/executions.js';
import type { FailureReport } from '../../contracts/failures.js';
import { codeOf, failure, failureFromReport, reportFailure, undoIncomplete } from '../kit/failures.js';
import { engine as store, engineAtOnce as storeAtOnce } from '../kit/profiles.js';
import { runPattern } from '../patterns/patterns.js';
import { Allocation } from './allocation.js';
import { Checkpoints } from './checkpoints.js';
import type { LifeState } from './checkpoints.js';
import { assemble } from './engine.js';
import type { Engine } from './engine.js';
import { EventLog } from './event-log.js';
import { applyRules, watchOwnEvents } from './event-rules.js';
import { listen } from './messages.js';
import { holdNested, nestedStands, tellStanding } from './nested.js';
import { undoAll } from './undoing.js';
import { describe, viewOf } from './view.js';

/** How long an execution that waits for its turn waits for a word before it asks again, milliseconds. */
const TURN_MS = 30_000;

/** Runs one definition: any graph, any pattern, any agents. The migration's own phases run on the same task runner. */
export async function graph(input: GraphInput): Promise<GraphResult> {
  return new Execution(input).run();
}

class Execution {
  readonly #input: GraphInput;
  readonly #events: EventLog;
  #status: ExecutionStatus = 'planning';
  #engine: Engine | undefined;
  #checkpoints: Checkpoints | undefined;
  #allocation: Allocation | undefined;
  #admitted = false;
  #paused = false;
  /** The history grows long: nothing new is started, and the execution continues as new. */
  #draining = false;
  #cancelledBy: string | undefined;
  /** Temporal's own cancellation. */
  #cancelRequested = false;
  /** What a checkpoint must hold changed so many times from outside. */
  #heard = 0;
  #undos: ReturnType<Engine['earlierUndos']> = [];
  /** Events that came before it was opened. */
  readonly #early: ReceivedEvent[] = [];
  readonly #work = new CancellationScope();

  constructor(input: GraphInput) {
    this.#input = input;
    this.#events = new EventLog(input.executionId, workflowInfo().runId);
    CancellationScope.current().cancelRequested.catch(() => {
      this.#cancelRequested = true;
    });
    listen({
      status: () => this.#status,
      view: () => viewOf(input.executionId, this.#status, this.#engine),
      people: () => this.#engine?.people,
      heard: () => (this.#heard += 1),
      pause: ({ by }) => this.#pause(by),
      resume: ({ by }) => this.#resume(by),
      cancel: ({ by }) => {
        this.#cancelledBy = by;
        this.#work.cancel();
      },
      admitted: () => {
        this.#admitted = true;
      },
      receive: (event) => {
        this.#receive(event);
      },
      loseAgent: (agentId) => this.#engine?.dispatcher.lose(agentId),
      hold: (paused) => {
        this.#hold(paused);
      },
      stands: (nested) => {
        if (this.#engine !== undefined) nestedStands(this.#engine, nested);
      },
    });
  }

  async run(): Promise<GraphResult> {
    let engine: Engine;
    try {
      engine = await this.#open();
    } catch (error) {
      return await this.#refused(error);
    }
    const { undoing } = engine.opened.state ?? {};
    if (this.#input.undo === true) return await this.#undoWhole(engine, undoing);
    if (undoing !== undefined) return await this.#fail(engine, undoing);
    try {
      await this.#limited(engine);
    } catch (error) {
      if (this.#draining && !this.#isCancelled() && isCancellation(error)) await this.#leave(engine);
      return await this.#fail(engine, reportFailure(error), error);
    }
    await this.#keepForUndo(engine);
    return await this.#finish(engine, 'completed');
  }

  /** Waits for its turn and for its agents. */
  async #open(): Promise<Engine> {
    const { executionId, checkpointId, undo } = this.#input;
    // What is to be undone stands until it is: no cancel takes the place of that.
    const scope = undo === true ? new CancellationScope({ cancellable: false }) : this.#work;
    return scope.run(async () => {
      let opened: OpenedExecution;
      for (;;) {
        opened = await storeAtOnce.openExecution({ executionId, checkpointId, ...(undo && { undo }) });
        if (opened.admitted) break;
        await condition(() => this.#admitted, TURN_MS);
        this.#admitted = false;
      }
      const { state } = opened;
      this.#undos = state?.undos ?? [];
      const engine = assemble(executionId, opened, {
        events: this.#events,
        isPaused: () => this.#paused,
        gate: { isOpen: () => this.#isOpen(), opened: () => this.#opened() },
        checkpoint: (reason) => this.#checkpoint(reason),
        reallocate: (agent) => this.#reallocate(agent),
        earlierUndos: () => (engine.saga.pivoted ? [] : this.#undos),
        isInterrupted: () => this.#isLong(),
      });
      for (const id of state?.pivotsAsked ?? []) engine.saga.pivotAsked(id);
      if (state?.pivoted === true) engine.saga.pivot();
      this.#checkpoints = new Checkpoints(engine);
      this.#allocation = new Allocation(engine, () => this.#is('paused'));
      this.#engine = engine;
      tellStanding(engine);
      watchOwnEvents(engine, (error) => {
        this.#ruleFailed(error);
      });
      this.#begin(engine);
      for (const event of this.#early.splice(0)) this.#receive(event);
      return engine;
    });
  }

  /** The state it goes on in; nobody is told what the read model knows already. */
  #begin({ opened, clock }: Engine): void {
    const { state, status } = opened;
    if (state?.paused === true && status === 'paused') this.#paused = true;
    if (this.#paused) clock.pause(true);
    const next = state?.undoing !== undefined ? 'compensating' : this.#paused ? 'paused' : 'running';
    if (this.#status === 'planning') this.#status = status;
    // Begun again after a loss, or after it completed: it runs, if only to be undone.
    if (next === 'compensating' && this.#is('planning')) this.#enter('running');
    this.#enter(next);
  }

  /** Runs the pattern, within the time that the execution has. */
  async #limited(engine: Engine): Promise<void> {
    const { clock, opened } = engine;
    clock.start();
    const every = this.#checkpoints?.every(opened.checkpointSeconds, () => !this.#paused && !this.#draining);
    const limit = CancellationScope.nonCancellable(async () => {
      const expired = await clock.expires();
      if (expired) this.#work.cancel();
      return expired;
    });
    try {
      await this.#work.run(async () => {
        await runPattern(engine);
        // The last task may have ended while it was paused: it completes when it goes on.
        await condition(() => !this.#paused);
      });
    } catch (error) {
      clock.stop();
      if (isCancellation(error) && (await limit) && !this.#isCancelled())
        throw failure('EXECUTION_TIMED_OUT', `After ${String(Math.round(clock.usedSeconds))} s.`);
      throw error;
    } finally {
      clock.stop();
      every?.cancel();
    }
  }

  /** Every start of a task, and every attempt, asks; this is where the length of the history is seen. */
  #isOpen(): boolean {
    if (!this.#draining && this.#isLong()) {
      this.#draining = true;
      this.#drain().catch((error: unknown) => {
        if (!isCancellation(error)) throw error;
      });
    }
    return !this.#paused && !this.#draining;
  }

  async #opened(): Promise<void> {
    // A task that ended well after the cancel releases others; they are not begun.
    if (this.#work.consideredCancelled) throw new CancelledFailure('The execution was cancelled.');
    if (!this.#isOpen()) await condition(() => !this.#paused && !this.#draining);
  }

  #isLong(): boolean {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    return continueAsNewSuggested || historyLength > (this.#input.historyEventsMax ?? Infinity);
  }

  /** What runs ends; what waits for people is asked again in the next run. */
  async #drain(): Promise<void> {
    await CancellationScope.nonCancellable(() =>
      condition(() => this.#engine?.dispatcher.active === 0 && this.#engine.nested.size === 0),
    );
    this.#work.cancel();
  }

  /**
   * Continues as new. What is heard after the checkpoint was taken must be in it: it is taken until nothing more came.
   * Returns when somebody cancelled meanwhile.
   */
  async #leave(engine: Engine, life: LifeState = {}): Promise<void> {
    const { executionId, historyEventsMax, undo } = this.#input;
    await CancellationScope.nonCancellable(async () => {
      let seen: number;
      let checkpointId: string;
      do {
        await condition(allHandlersFinished);
        seen = this.#heard;
        checkpointId = await this.#checkpoint('continue', { ...(this.#paused && { paused: true }), ...life });
        await engine.teller.settled();
        const events = await engine.events.take();
        if (events.length > 0) await storeAtOnce.appendEvents({ executionId, events });
      } while (seen !== this.#heard || !allHandlersFinished());
      if (life.undoing === undefined && this.#isCancelled()) return;
      const limit = historyEventsMax === undefined ? {} : { historyEventsMax };
      await continueAsNew<typeof graph>({ executionId, checkpointId, ...limit, ...(undo && { undo }) });
    });
  }

  async #pause(by: string): Promise<{ checkpointId: string }> {
    this.#paused = true;
    this.#engine?.clock.pause(true);
    this.#enter('paused', { by });
    const isQuiet = (): boolean => this.#engine?.dispatcher.active === 0 && this.#allocation?.looking === 0;
    await condition(() => isQuiet() || this.#status !== 'paused');
    const engine = this.#engine;
    if (engine === undefined || this.#status !== 'paused')
      throw failure('NOT_NOW', `The execution is ${this.#status}.`);
    await holdNested(engine, true);
    const checkpointId = await this.#checkpoint('pause');
    // Somebody may have resumed it: then its agents work.
    if (!this.#is('paused')) return { checkpointId };
    await store('agents are free while it is paused').releaseAgents({ executionId: this.#input.executionId });
    engine.events.add('agent.released', { data: { reason: 'paused' } });
    // Who paused it looks at it next.
    await engine.events.told();
    return { checkpointId };
  }

  async #resume(by: string): Promise<void> {
    const engine = this.#engine;
    if (engine !== undefined) {
      await this.#allocation?.resume();
      if (!this.#is('paused')) throw failure('NOT_NOW', `The execution is ${this.#status}.`);
      await holdNested(engine, false);
    }
    this.#paused = false;
    engine?.clock.pause(false);
    this.#enter(engine === undefined ? 'planning' : 'running', { by });
  }

  /** The execution around this one is paused, or goes on. */
  #hold(paused: boolean): void {
    if (!mayAsk(paused ? 'pause' : 'resume', this.#status)) return;
    const by = 'the execution around it';
    (paused ? this.#pause(by) : this.#resume(by)).catch((error: unknown) => {
      // The next word overtook this one.
      if (codeOf(error) === 'NOT_NOW') return;
      this.#events.add('workflow.replanned', { data: { reason: 'hold_failed', code: reportFailure(error).code } });
    });
  }

  async #checkpoint(reason: Parameters<Checkpoints['save']>[0], life?: LifeState): Promise<string> {
    if (this.#checkpoints === undefined) throw new Error('an execution that is not open has no state');
    return this.#checkpoints.save(reason, life);
  }

  async #reallocate(agent?: string): Promise<void> {
    await (agent === undefined ? this.#allocation?.renew() : this.#allocation?.replace(agent));
  }

  #receive(event: ReceivedEvent): void {
    const engine = this.#engine;
    if (engine === undefined) {
      this.#early.push(event);
      return;
    }
    const { type, data = null } = event;
    const isLarge = JSON.stringify(data).length > EVENT_DATA_CHARACTERS;
    engine.memory.receive(type, isLarge ? null : data);
    engine.events.add('workflow.event_received', { data: { type, ...(isLarge && { data_left_out: true }) } });
    applyRules(engine, event).catch((error: unknown) => {
      this.#ruleFailed(error);
    });
  }

  #ruleFailed(error: unknown): void {
    this.#events.add('workflow.replanned', { data: { reason: 'rule_failed', code: reportFailure(error).code } });
  }

  async #finish(engine: Engine, status: ExecutionStatus, error?: FailureReport): Promise<GraphResult> {
    return CancellationScope.nonCancellable(async () => {
      const { executionId } = this.#input;
      const output = engine.values.results();
      this.#enter(status);
      await engine.teller.settled();
      await this.#close(status, output, error);
      const { done = 0, skipped = 0, failed = 0, undone = 0 } = engine.memory.counts();
      return { executionId, status, tasks: { done, skipped, failed, undone }, output, ...(error && { error }) };
    });
  }

  /** The last word to the store. */
  async #close(status: ExecutionStatus, output: GraphResult['output'], error?: FailureReport): Promise<void> {
    const { executionId } = this.#input;
    this.#events.add('workflow.execution_finished', { data: { status, ...(error && { code: error.code }) } });
    const events = await this.#events.take();
    await storeAtOnce.closeExecution({ executionId, status, error, output, events });
    await condition(allHandlersFinished);
  }

  /** It never began: nothing is to be undone. */
  async #refused(error: unknown): Promise<never> {
    const report = reportFailure(error);
    // It is over already, or there is none: nothing is to be told about it.
    if (report.code === 'NOT_NOW' || report.code === 'EXECUTION_UNKNOWN') throw failureFromReport(report);
    return CancellationScope.nonCancellable(async () => {
      this.#enter(endOf(report));
      await this.#close(endOf(report), {}, report);
      return this.#rethrow(report, error);
    });
  }

  /** Undoes what was done, as far as the saga says so, and ends as Temporal shows it: failed, or cancelled. */
  async #fail(engine: Engine, report: FailureReport, error?: unknown): Promise<never> {
    const { saga, rollback } = engine;
    const hasUndos = saga.registered.length > 0 || engine.earlierUndos().length > 0;
    const mayUndo = rollback.wanted && !saga.pivoted && saga.undecided.length === 0;
    const told =
      mayUndo && hasUndos ? await CancellationScope.nonCancellable(() => this.#undo(engine, report)) : report;
    await this.#finish(engine, endOf(report), told);
    return this.#rethrow(told, error);
  }

  /** What a nested execution did can be undone as long as the one around it may fail. */
  async #keepForUndo({ opened }: Engine): Promise<void> {
    if (opened.nested !== true || opened.saga === undefined) return;
    await CancellationScope.nonCancellable(() => this.#checkpoint('done'));
  }

  /** The execution around it is undone. No cancel ends that; whoever asked for it hears what had to be left. */
  async #undoWhole(engine: Engine, undoing?: FailureReport): Promise<GraphResult> {
    const report = undoing ?? reportFailure(new CancelledFailure('The execution around it is undone.'));
    return CancellationScope.nonCancellable(async () => {
      const told = await this.#undo(engine, report);
      return this.#finish(engine, endOf(told), told);
    });
  }

  /** Gives what is to be told: why it was undone, and what could not be. */
  async #undo(engine: Engine, report: FailureReport): Promise<FailureReport> {
    const wasPaused = this.#paused;
    const { memory, opened } = engine;
    const isNew = opened.state?.undoing === undefined;
    const failed = isNew ? memory.idsIn('failed') : (opened.state.failed ?? []);
    // The state first: a loss from here on goes on undoing.
    if (isNew) await this.#checkpoint('undo', { undoing: report, failed });
    this.#enter('compensating', { code: report.code });
    // Its agents were given back; should none come, those that it had are asked.
    if (wasPaused) await this.#reallocate().catch(() => undefined);
    const { left, isWhole } = await undoAll(engine, { failed, isInterrupted: () => this.#isLong() });
    this.#undos = left;
    if (!isWhole) await this.#leave(engine, { undoing: report, failed });
    const parked = memory.idsIn('parked');
    if (parked.length === 0) return report;
    const next = 'Undo by hand what the named tasks did.';
    return { ...undoIncomplete(report, { left: parked, failures: [] }), next };
  }

  #rethrow(report: FailureReport, error: unknown): never {
    if (error instanceof Error && isCancellation(error) && this.#cancelledBy === undefined) throw error;
    throw failureFromReport(report);
  }

  /** It may have changed while something was awaited, which the compiler cannot see. */
  #is(status: ExecutionStatus): boolean {
    return this.#status === status;
  }

  #isCancelled(): boolean {
    return this.#cancelledBy !== undefined || this.#cancelRequested;
  }

  #enter(status: ExecutionStatus, data: Readonly<Record<string, unknown>> = {}): void {
    if (status === this.#status) return;
    const from = this.#status;
    this.#status = status;
    this.#events.add('workflow.status_changed', { data: { from, status, ...data } });
    const { opened } = this.#engine ?? {};
    setCurrentDetails(describe(viewOf(this.#input.executionId, status, this.#engine), opened, this.#cancelledBy));
  }
}

function endOf({ code }: FailureReport): ExecutionStatus {
  if (code === 'EXECUTION_TIMED_OUT') return 'timed_out';
  return code === 'CANCELLED' ? 'cancelled' : 'failed';
}
