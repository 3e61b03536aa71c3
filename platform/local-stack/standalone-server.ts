import { dirname, basename } from 'node:path';
import { openPartLog } from './part-log.js';
import { SupervisedPart } from './supervised-part.js';
import { startWatchdog } from './watchdog.js';
import type { Launch } from './launch.js';

/** A database server beside the stack: a source or a target in tests and in the demo. */
export interface StandaloneServer {
  /** The process whose death is the server's death; changes with every restart; null while it is down. */
  readonly pid: number | null;
  readonly port: number;
  readonly url: string;
  readonly logPath: string;
  /** Ends the server; the data stay. */
  stop(): Promise<void>;
  /** Ends the server and removes its data. */
  dispose(): Promise<void>;
  /** `immediate`: as after a crash of the machine. The port stays. Default `fast`: an orderly shutdown. */
  restart(mode?: 'fast' | 'immediate'): Promise<void>;
}

export interface ServerPlan {
  readonly name: string;
  readonly dataFolder: string;
  readonly port: number;
  readonly url: string;
  readonly launch: Launch;
  /** The signal of the immediate mode. */
  readonly immediateSignal: NodeJS.Signals;
  /** Started again on its data when it dies. Default false: a test that kills it decides itself. */
  readonly restarted: boolean;
  readonly remove: () => void;
}

const GRACE_MS = 15_000;

/** Starts a server with a watchdog of its own: whatever happens to this process, the server does not outlive it. */
export async function startServer(plan: ServerPlan): Promise<StandaloneServer> {
  const watchdog = startWatchdog();
  const log = openPartLog(dirname(plan.dataFolder), `${basename(plan.dataFolder)}-${plan.name}`);
  const { name, launch, restarted, port, url } = plan;
  const part = new SupervisedPart({ name, launch, log, watchdog, restarted });
  const close = async (signal?: NodeJS.Signals): Promise<void> => {
    await part.stop(GRACE_MS, signal);
    await watchdog.close();
    log.close();
  };
  try {
    await part.start();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    get pid() {
      return part.process?.pid ?? null;
    },
    port,
    url,
    logPath: log.path,
    stop: () => close(),
    dispose: async () => {
      // Nothing of it is kept: it need not write down what it has.
      await close(plan.immediateSignal);
      plan.remove();
    },
    restart: async (mode = 'fast') => {
      await part.stop(GRACE_MS, mode === 'immediate' ? plan.immediateSignal : launch.stopSignal);
      await part.start();
    },
  };
}
