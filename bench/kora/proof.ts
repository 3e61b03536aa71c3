import { withMariadb } from '../copy/ends.js';
import { withLimit } from '../lines.js';
import type { BenchLine } from '../lines.js';
import { median, spread } from '../statistics.js';
import { aboutRows, measureVerification, reladiffLine } from '../verify/verify.js';
import type { Verified } from '../verify/verify.js';
import type { KoraBenchOptions } from './options.js';

/** Most that a full verification may take, in times of the copy. */
const COPIES_MAX = 1.2;
/** How often the peak of ten times the rows may be that of the rows. */
const GROWTH_MAX = 1.25;
const SMALL_SHARE = 10;

export const PROOF_CASES = ['verify-copy', 'verify-reladiff', 'memory'] as const;

/** Full verification of the large table: against its own copy, against reladiff, and the memory that it takes. */
export async function proofLines(
  options: KoraBenchOptions,
  wants: (name: (typeof PROOF_CASES)[number]) => boolean,
): Promise<BenchLine[]> {
  return withMariadb(options.config, async (ends) => {
    const lines: BenchLine[] = [];
    const { source, target, stack } = ends;
    if (wants('memory')) {
      const peaks: (number | null)[] = [];
      for (const rows of [Math.max(1, Math.round(options.rows / SMALL_SHARE)), options.rows]) {
        const database = await source.database(rows);
        const url = await target.fresh(`memory_${String(rows)}`);
        await stack.migrate(database.url, url);
        // The first time, its code is compiled as well.
        if (peaks.length === 0) await stack.verify(database.url, url);
        stack.forgetPeak('verify');
        await stack.verify(database.url, url);
        peaks.push(stack.peakMegabytes('verify'));
      }
      lines.push(memoryLine(peaks, options.rows));
    }
    if (wants('verify-copy') || wants('verify-reladiff')) {
      const verified = await measureVerification(options, ends);
      const about = aboutRows(options, ends);
      if (wants('verify-copy')) lines.unshift(copyLine(verified, about));
      if (wants('verify-reladiff')) {
        lines.push(reladiffLine({ bench: 'kora', case: 'verify-reladiff' }, verified, about));
      }
    }
    return lines;
  });
}

function copyLine({ ours, copies }: Verified, about: string): BenchLine {
  const note = `${about}; the phase verification, ${spread(ours)}, in times of the same migration's copy.seconds, ${spread(copies)}`;
  const value = median(ours) / median(copies);
  return withLimit({ bench: 'kora', case: 'verify-copy', value, unit: 'times the copy', note }, { max: COPIES_MAX });
}

function memoryLine([small = null, whole = null]: readonly (number | null)[], rows: number): BenchLine {
  const named = { bench: 'kora', case: 'memory', unit: 'times the memory of a tenth of the rows' };
  if (small === null || whole === null) {
    const note = 'this system does not tell the memory of a process';
    return { ...withLimit({ ...named, value: 0, note }, { max: GROWTH_MAX }), ok: null };
  }
  const note = `peak of the verify worker's resident memory in "caravan verify": ${whole.toFixed(0)} MB of ${String(rows)} rows, ${small.toFixed(0)} MB of a tenth`;
  return withLimit({ ...named, value: whole / small, note }, { max: GROWTH_MAX });
}
