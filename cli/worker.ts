import { pathToFileURL } from 'node:url';
import type { Role } from '../contracts/queues.js';
import { programFile } from '../platform/local-stack/package-folder.js';

/**
 * `caravan worker --role`: a worker in this process. The room of workers is a root of its own, so it is found at run
 * time and not imported; its entries run by themselves, and end the process when they are done.
 */
export async function runWorker(role: Role): Promise<never> {
  await import(pathToFileURL(programFile(role)).href);
  return new Promise(() => undefined);
}
