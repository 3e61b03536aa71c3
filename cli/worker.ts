import type { Role } from '../contracts/queues.js';

/**
 * `caravan worker --role`: a worker in this process. The room of workers is a root of its own, so it is found at run
 * time and not imported; its entries run by themselves, and end the process when they are done.
 */
export async function runWorker(role: Role): Promise<never> {
  await import(new URL(`../workers/${role}.js`, import.meta.url).href);
  return new Promise(() => undefined);
}
