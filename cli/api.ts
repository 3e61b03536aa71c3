import { pathToFileURL } from 'node:url';
import { programFile } from '../platform/local-stack/package-folder.js';

/**
 * `caravan api`: the API in this process. Its room is a root of its own, so it is found at run time and not imported;
 * it runs by itself, and ends the process when it is done.
 */
export async function runApi(): Promise<never> {
  await import(pathToFileURL(programFile('api')).href);
  return new Promise(() => undefined);
}
