import { setTimeout as pause } from 'node:timers/promises';
import type { SourceStrain } from '../../contracts/messages.js';
import type { SourceLimits } from '../../contracts/migration.schema.js';
import type { Strain } from '../../databases/source.js';
import type { ThrottleRow, ThrottleStore } from '../../platform/store/store.js';
import { nextShare, signsOf } from './judge.js';

/** Milliseconds between two looks at the limits: so soon a change reaches what runs. */
const TICK_MS = 1000;
/** Milliseconds between two looks at the source, of all processes together. */
const LOOK_MS = 3000;
/** Sessions of a process that died are free again after this time. */
const LEASE_MS = 15_000;
const POLL_MS = 200;
/** A source that suffers is given at most so long between two batches. */
const REST_MS_MAX = 5000;

/** What the pace of a process needs of the world. */
export interface PaceParts {
  readonly throttles: ThrottleStore;
  /** How the source does; undefined where that cannot be told. */
  readonly look: () => Promise<Strain | undefined>;
  /** The migration is slowed down, or no longer. */
  readonly onShare: (strain: SourceStrain) => void;
  readonly processId: string;
}

export interface Read {
  readonly rows: number;
  readonly bytes: number;
  /** Milliseconds since the batch before was taken. */
  readonly busyMs: number;
}

const FREE: ThrottleRow = { limits: {}, version: 0, share: 1, spared: false };

/**
 * The pace at which this process reads the source of one migration: limits that all processes share, and a share of full
 * speed that a suffering source leaves. What it knows of them is at most a second old.
 */
export class Pace {
  readonly #migrationId: string;
  readonly #parts: PaceParts;
  readonly #leases = new Map<string, number>();
  readonly #listeners = new Set<(limits: SourceLimits) => void>();
  #row = FREE;
  #timer: NodeJS.Timeout | undefined;
  #ticks = 0;
  #ticking = false;
  #watches = false;
  #next = 1;

  constructor(migrationId: string, parts: PaceParts) {
    this.#migrationId = migrationId;
    this.#parts = parts;
  }

  get limits(): SourceLimits {
    return this.#row.limits;
  }

  async start(): Promise<void> {
    this.#row = await this.#read();
    this.#timer = setInterval(() => {
      void this.#tick();
    }, TICK_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** From now on it looks how the source does: it has a server that can tell. */
  watch(): void {
    this.#watches = true;
  }

  onLimits(listener: (limits: SourceLimits) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Waits until what all processes read so far is paid for. */
  async clear(signal?: AbortSignal): Promise<void> {
    if (!this.#hasRate()) return;
    await this.#wait(await this.#parts.throttles.debt(this.#migrationId), signal);
  }

  /** Counts what was read, without waiting. */
  async charge(read: Pick<Read, 'rows' | 'bytes'>): Promise<void> {
    if (this.#hasRate()) await this.#parts.throttles.charge(this.#migrationId, read);
  }

  /** Counts what was read, and waits for its time to be over; undefined where nothing is limited. */
  spent(read: Read, signal?: AbortSignal): Promise<void> | undefined {
    if (!this.#hasRate() && this.#row.share >= 1) return undefined;
    return this.#pay(read, signal);
  }

  async #pay({ rows, bytes, busyMs }: Read, signal?: AbortSignal): Promise<void> {
    const { share } = this.#row;
    const restMs = Math.min(REST_MS_MAX, busyMs * (1 / share - 1));
    const paidMs = this.#hasRate() ? await this.#parts.throttles.charge(this.#migrationId, { rows, bytes }) : 0;
    await this.#wait(Math.max(restMs, paidMs), signal);
  }

  #hasRate(): boolean {
    const { rowsPerSecond, bytesPerSecond } = this.#row.limits;
    return rowsPerSecond !== undefined || bytesPerSecond !== undefined;
  }

  /** A change of the limits ends the wait: they were waited for under the old ones. */
  async #wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
    const { version } = this.#row;
    const endMs = performance.now() + milliseconds;
    for (let leftMs = milliseconds; leftMs > 0; leftMs = endMs - performance.now()) {
      await pauseFor(Math.min(leftMs, POLL_MS), signal);
      if (this.#row.version !== version) return;
    }
  }

  /** Takes sessions on the source, waiting until the limit allows them. Gives the name of what was taken. */
  async take(sessions: number, signal?: AbortSignal): Promise<string> {
    const lease = `${this.#parts.processId}/${this.#migrationId}/${String(this.#next)}`;
    this.#next += 1;
    await this.resize(lease, sessions, signal);
    return lease;
  }

  /** More or fewer sessions under the same name; more are waited for. */
  async resize(lease: string, sessions: number, signal?: AbortSignal): Promise<void> {
    while (this.limits.connections !== undefined && !(await this.#lease(lease, sessions))) {
      await pauseFor(POLL_MS, signal);
    }
    this.#leases.set(lease, sessions);
  }

  async release(lease: string): Promise<void> {
    if (!this.#leases.delete(lease) || this.limits.connections === undefined) return;
    await this.#parts.throttles.release(lease).catch(() => undefined);
  }

  #lease(lease: string, sessions: number, force = false): Promise<boolean> {
    return this.#parts.throttles.lease({ migrationId: this.#migrationId, lease, sessions, force }, LEASE_MS);
  }

  async #tick(): Promise<void> {
    if (this.#ticking) return;
    this.#ticking = true;
    this.#ticks += 1;
    try {
      await this.#readRow();
      const isLimited = this.limits.connections !== undefined && this.#leases.size > 0;
      if (isLimited && this.#ticks % 3 === 0) await this.#parts.throttles.renew([...this.#leases.keys()], LEASE_MS);
      if (this.#watches && (await this.#parts.throttles.claimLook(this.#migrationId, LOOK_MS))) await this.#look();
    } catch {
      // A store that is away for a moment: what was known holds on.
    } finally {
      this.#ticking = false;
    }
  }

  async #read(): Promise<ThrottleRow> {
    return (await this.#parts.throttles.get(this.#migrationId)) ?? FREE;
  }

  async #readRow(): Promise<void> {
    const before = this.#row;
    this.#row = await this.#read();
    if (before.version === this.#row.version) return;
    for (const listener of this.#listeners) listener(this.limits);
    // Who holds sessions already cannot be asked to wait for them.
    if (this.limits.connections === undefined) return;
    for (const [lease, sessions] of this.#leases) await this.#lease(lease, sessions, true);
  }

  async #look(): Promise<void> {
    const { share } = this.#row;
    const signs = await this.#signs();
    const next = signs === undefined ? share : nextShare(share, signs.length > 0);
    if (next === share) return;
    await this.#parts.throttles.setShare(this.#migrationId, next);
    this.#row = { ...this.#row, share: next };
    // On the way back only its end is told.
    if (next < share || next === 1) this.#parts.onShare({ share: next, why: (signs ?? []).join('; ') });
  }

  /** Undefined: nobody can tell. */
  async #signs(): Promise<string[] | undefined> {
    const lease = `${this.#parts.processId}/${this.#migrationId}/look`;
    const isLimited = this.limits.connections !== undefined;
    if (isLimited && !(await this.#lease(lease, 1))) return undefined;
    try {
      const strain = await this.#parts.look();
      return strain && signsOf(strain);
    } catch {
      return ['it refuses connections'];
    } finally {
      if (isLimited) await this.#parts.throttles.release(lease).catch(() => undefined);
    }
  }
}

/** Ends with the signal's own reason: whoever set a limit of time knows it by that. */
async function pauseFor(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await pause(milliseconds, undefined, signal && { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
