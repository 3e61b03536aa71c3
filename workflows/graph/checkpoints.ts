import { CancellationScope, isCancellation, sleep, workflowInfo } from '@temporalio/workflow';
import type { CheckpointReason } from '../../contracts/engine-activities.js';
import type { ExecutionState, PlaceRange } from '../../contracts/executions.js';
import type { FailureReport } from '../../contracts/failures.js';
import { rangesOf } from '../../contracts/places.js';
import { engine, engineAtOnce } from '../kit/profiles.js';
import type { Engine } from './engine.js';

/** What an execution knows of itself beside its tasks. */
export interface LifeState {
  readonly paused?: boolean;
  readonly undoing?: FailureReport;
  readonly failed?: readonly string[];
}

/** Keeps checkpoints of one run. */
export class Checkpoints {
  readonly #engine: Engine;
  #made = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async save(reason: CheckpointReason, life: LifeState = {}): Promise<string> {
    const { memory, saga, clock, events, values, people, routes, rollback, breaker, opened, executionId } =
      this.#engine;
    const state: ExecutionState = {
      version: 1,
      ...memory.snapshot(),
      outputs: values.snapshot(),
      undos: this.#undos(),
      pivoted: saga.pivoted,
      pivotsAsked: saga.undecided,
      ...(rollback.wanted && { rollback: true }),
      usedSeconds: clock.usedSeconds,
      routes: Object.fromEntries([...routes].filter(([id]) => !memory.isSettled(id))),
      asked: people.snapshot(),
      ...(opened.circuitBreaker && { breaker: breaker.snapshot() }),
      ...life,
    };
    // What the state calls done has its output in the store before the state is there to go on from.
    await values.keepAll();
    this.#made += 1;
    const key = `${workflowInfo().runId}/${String(this.#made)}`;
    // Nobody waits for one that is kept every so often; all others somebody waits for.
    const store = reason === 'interval' ? engine(`checkpoint: ${reason}`) : engineAtOnce;
    // And the store is told of it in the same step: nobody tells it again.
    const { checkpointId } = await events.handOver((told) =>
      store.saveCheckpoint({ executionId, key, reason, state, events: told }),
    );
    events.add('workflow.checkpoint_created', {
      data: {
        checkpoint_id: checkpointId,
        reason,
        state_snapshot: { tasks: memory.counts(), pivoted: saga.pivoted },
        recovery_instructions: `caravan workflow resume ${executionId} --checkpoint ${checkpointId}`,
      },
    });
    return checkpointId;
  }

  /** Saves one every so often, while `wanted`; until the scope is cancelled. */
  every(seconds: number, wanted: () => boolean): CancellationScope {
    const scope = new CancellationScope();
    const ticking = async (): Promise<void> => {
      for (;;) {
        await sleep(seconds * 1000, { summary: 'until the next checkpoint' });
        if (wanted()) await this.save('interval');
      }
    };
    scope.run(ticking).catch((error: unknown) => {
      if (!isCancellation(error)) throw error;
    });
    return scope;
  }

  /** Those of earlier runs first. Nothing is left of them once the execution has passed its pivot. */
  #undos(): (string | PlaceRange)[] {
    const { memory, saga, earlierUndos } = this.#engine;
    const undos: (string | PlaceRange)[] = [...earlierUndos()];
    let places: number[] = [];
    for (const id of saga.registered) {
      const place = memory.placeOf(id);
      if (place !== undefined) {
        places.push(place);
        continue;
      }
      undos.push(...rangesOf(places), id);
      places = [];
    }
    return [...undos, ...rangesOf(places)];
  }
}
