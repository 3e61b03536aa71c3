import { join } from 'node:path';
import { makeHome } from './home.js';
import { planPostgres, planRedis, planTemporal } from './infrastructure-parts.js';
import { openPartLog } from './part-log.js';
import { choosePorts } from './ports.js';
import { endProcesses, identityOf } from './processes.js';
import { ensureExternalTemporal } from './search-attributes.js';
import { livingParts, readStackState, writeStackState } from './stack-state.js';
import { releaseStackLock, takeStackLock } from './stack-lock.js';
import { SupervisedPart } from './supervised-part.js';
import { startWatchdog } from './watchdog.js';
import { planApi, planWorkers } from './worker-parts.js';
import type { InfrastructurePart, PartContext } from './infrastructure-parts.js';
import type { Launch } from './launch.js';
import type { PartSource, StackSettings } from './settings.js';
import type { PartRecord, StackState } from './stack-state.js';
import type { Topology } from './topology.js';
import type { Watchdog } from './watchdog.js';
import type { StackAddresses, WorkerSpec } from './worker-parts.js';

/** What a supervisor tells while it works. */
export interface StackEvent {
  readonly event: 'part.ready' | 'part.restarting' | 'part.note' | 'stack.ready' | 'stack.stopping';
  /** The part; null: the whole stack. */
  readonly name: string | null;
  readonly text: string;
}

export interface SupervisorOptions {
  readonly settings: StackSettings;
  readonly topology: Topology;
  readonly workers: readonly WorkerSpec[];
  /** Run the HTTP API, too. */
  readonly api: boolean;
  /** The stack stays when its caller goes. */
  readonly detached: boolean;
  readonly onEvent: (event: StackEvent) => void;
}

/** Polite time of a part at a stop, in milliseconds. Workers get it first, then what they work with. */
const GRACE_MS = 10_000;

/** The supervisor of one stack: starts all parts, keeps them alive, records their state, ends them. */
export class StackSupervisor {
  private readonly options: SupervisorOptions;
  /** In the order in which they are shown. */
  private readonly parts = new Map<string, { part: SupervisedPart | null; record: PartRecord }>();
  private watchdog: Watchdog;
  /** Parts outlive a watchdog that dies: they always talk to the present one. */
  private readonly currentWatchdog: Pick<Watchdog, 'watch' | 'forget'> = {
    watch: (order) => {
      this.watchdog.watch(order);
    },
    forget: (pid) => {
      this.watchdog.forget(pid);
    },
  };
  private readonly startedAt = Date.now();
  private phase: StackState['phase'] = 'starting';
  private addresses: StackAddresses | null = null;
  private webUiUrl: string | null = null;
  private postgresFolder: string | null = null;
  private stopped: Promise<void> | null = null;

  private constructor(options: SupervisorOptions) {
    this.options = options;
    this.watchdog = this.makeWatchdog();
  }

  /** Takes the data folder; null when a living supervisor has it. What a killed one left is ended first. */
  static async take(options: SupervisorOptions): Promise<StackSupervisor | null> {
    const { home } = options.settings;
    makeHome(home);
    if (!takeStackLock(home)) return null;
    const stale = readStackState(home);
    if (stale !== null) await endStaleParts(stale);
    return new StackSupervisor(options);
  }

  /** Starts everything; resolves when every part is ready, rejects with the first part's failure. */
  async start(): Promise<void> {
    const { settings, topology, workers, api } = this.options;
    for (const name of ['temporal', 'postgres', 'redis'])
      this.parts.set(name, { part: null, record: emptyRecord(name, name) });
    const ports = await choosePorts(settings.home, topology.ports);
    const context: PartContext = {
      settings,
      topology,
      ports,
      tell: (text) => {
        this.tell('part.note', null, text);
      },
    };
    const [temporal, postgres, redis] = await Promise.all([
      this.bring(planTemporal(context)),
      this.bring(planPostgres(context)),
      this.bring(planRedis(context)),
    ]);
    const temporalIsOurs = temporal.launch !== null;
    this.addresses = {
      temporalAddress: temporal.url,
      temporalIsOurs,
      namespace: temporalIsOurs ? topology.namespace : (settings.temporal.namespace ?? topology.namespace),
      databaseUrl: postgres.url,
      redisUrl: redis.url,
    };
    this.webUiUrl = temporalIsOurs ? `http://127.0.0.1:${String(ports.webUi)}` : null;
    this.postgresFolder = postgres.folder;
    if (!temporalIsOurs) await ensureExternalTemporal(settings.environment, topology.searchAttributes);
    const planned = planWorkers(workers, settings, this.addresses);
    const parts = [
      ...planned.map((worker) => ({ ...worker, address: null })),
      ...(api ? [planApi(settings, this.addresses, ports.api)] : []),
    ];
    await Promise.all(parts.map((part) => this.run({ ...part, source: 'embedded' })));
    this.phase = 'ready';
    this.record();
    this.tell('stack.ready', null, `ready in ${seconds(this.startedAt)}`);
  }

  /** Ends everything that was started, in the order of who needs whom. Resolves when all of it is gone. */
  async stop(): Promise<void> {
    this.stopped ??= this.end();
    return this.stopped;
  }

  /** Says whether the stack is about to go; a caller that comes then waits and starts its own. */
  announce(phase: 'ready' | 'stopping'): void {
    this.phase = phase;
    this.record();
  }

  private async end(): Promise<void> {
    this.announce('stopping');
    this.tell('stack.stopping', null, 'stopping');
    const parts = [...this.parts.values()].map(({ part }) => part).filter((part) => part !== null);
    const isOurs = ({ name }: SupervisedPart): boolean => name === 'api' || name.startsWith('worker-');
    await Promise.all(parts.filter(isOurs).map((part) => part.stop(GRACE_MS)));
    await Promise.all(parts.filter((part) => !isOurs(part)).map((part) => part.stop(GRACE_MS)));
    this.record();
    await this.watchdog.close();
    releaseStackLock(this.options.settings.home);
  }

  private async bring(planned: Promise<InfrastructurePart>): Promise<InfrastructurePart> {
    const { name, source, address, launch, ...rest } = await planned;
    if (launch !== null) await this.run({ name, role: name, source, address, launch });
    else
      this.parts.set(name, { part: null, record: { ...emptyRecord(name, name), address, source, state: 'external' } });
    return { name, source, address, launch, ...rest };
  }

  private async run(planned: PlannedPart): Promise<void> {
    if (this.stopped !== null) return;
    const { name, role, address, source, launch } = planned;
    const begun = Date.now();
    const record: PartRecord = { ...emptyRecord(name, role), address, source };
    const part = new SupervisedPart({
      name,
      launch,
      log: openPartLog(join(this.options.settings.home, 'logs'), name),
      watchdog: this.currentWatchdog,
      onChange: (changed) => {
        this.changed(record, changed);
      },
    });
    this.parts.set(name, { part, record });
    await part.start();
    this.tell('part.ready', name, `ready in ${seconds(begun)}${address === null ? '' : ` at ${address}`}`);
  }

  private changed(record: PartRecord, part: SupervisedPart): void {
    const before = record.state;
    record.state = part.state;
    record.restarts = part.restarts;
    record.pid = part.process?.pid ?? null;
    record.startedAt = part.process?.startedAt ?? null;
    this.record();
    if (part.state === 'restarting' && before === 'ready')
      this.tell('part.restarting', part.name, 'died, starting it again');
  }

  private makeWatchdog(): Watchdog {
    return startWatchdog({
      onDeath: () => {
        this.watchdog = this.makeWatchdog();
        for (const { part } of this.parts.values()) if (part?.process) this.watchdog.watch(part.process);
        this.record();
      },
    });
  }

  private record(): void {
    const supervisor = identityOf(process.pid);
    if (supervisor === null) return;
    writeStackState(this.options.settings.home, {
      version: 1,
      supervisor,
      watchdog: identityOf(this.watchdog.pid),
      phase: this.phase,
      detached: this.options.detached,
      temporalAddress: this.addresses?.temporalAddress ?? '',
      namespace: this.addresses?.namespace ?? this.options.topology.namespace,
      databaseUrl: this.addresses?.databaseUrl ?? '',
      redisUrl: this.addresses?.redisUrl ?? '',
      webUiUrl: this.webUiUrl,
      postgresFolder: this.postgresFolder,
      parts: [...this.parts.values()].map(({ record }) => record),
    });
  }

  private tell(event: StackEvent['event'], name: string | null, text: string): void {
    this.options.onEvent({ event, name, text });
  }
}

interface PlannedPart {
  readonly name: string;
  readonly role: string;
  readonly address: string | null;
  readonly source: PartSource;
  readonly launch: Launch;
}

function emptyRecord(name: string, role: string): PartRecord {
  return { name, role, pid: null, startedAt: null, address: null, state: 'starting', restarts: 0, source: 'embedded' };
}

/** Ends what a killed supervisor left, unless its watchdog did already. */
export async function endStaleParts(stale: StackState): Promise<void> {
  const orders = livingParts(stale).map((part) => ({
    pid: part.pid ?? 0,
    startedAt: part.startedAt ?? '',
    signal: part.name === 'postgres' ? ('SIGINT' as const) : ('SIGTERM' as const),
    leftovers: null,
  }));
  await endProcesses(orders, GRACE_MS);
}

function seconds(since: number): string {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}
