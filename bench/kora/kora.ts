import type { BenchLine } from '../lines.js';
import { cleanLine } from './clean.js';
import { corruptionsLine } from './corruptions/corruptions.js';
import { inlineLine } from './inline.js';
import type { KoraBenchOptions } from './options.js';
import { PROOF_CASES, proofLines } from './proof.js';
import { replayLine } from './replay.js';

const CASES = ['inline', ...PROOF_CASES, 'replay', 'corruptions', 'clean'] as const;

/** KORA's figures, each case on servers of its own; lines as they come. */
export async function* benchKora(
  options: KoraBenchOptions & { readonly only: string | undefined },
): AsyncGenerator<BenchLine> {
  const { only } = options;
  if (only !== undefined && !(CASES as readonly string[]).includes(only)) {
    throw new TypeError(`--case wants one of ${CASES.join(', ')}, not "${only}"`);
  }
  const wants = (name: (typeof CASES)[number]): boolean => only === undefined || only === name;
  if (wants('inline')) yield await inlineLine(options);
  if (PROOF_CASES.some(wants)) yield* await proofLines(options, wants);
  if (wants('replay')) yield await replayLine(options);
  if (wants('corruptions')) yield await corruptionsLine(options);
  if (wants('clean')) yield await cleanLine(options);
}
