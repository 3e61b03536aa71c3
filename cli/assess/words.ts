import type { Assessment, Estimate } from '../../contracts/assessment.js';
import { secondsText } from '../text-table.js';

/** The verdict as a sentence. */
export const VERDICTS: Readonly<Record<Assessment['verdict'], string>> = {
  ready: 'Ready: a plan can be made and approved as it is.',
  needs_people: 'Needs people: a migration can start; what stands below is for a person first.',
  blocked: 'Blocked: a migration stops before anything is touched, until what is refused is settled.',
};

/** "12 s (5.0 s to 1 min 3 s)" */
export function estimateText({ seconds, low, high }: Estimate): string {
  return `${secondsText(seconds)} (${secondsText(low)} to ${secondsText(high)})`;
}

export function minutesText(minutes: number): string {
  if (minutes < 60) return `${String(minutes)} min`;
  const rest = minutes % 60;
  return `${String(Math.floor(minutes / 60))} h${rest === 0 ? '' : ` ${String(rest)} min`}`;
}

export function percentText(share: number): string {
  return `${String(Math.round(share * 100))} %`;
}

/** Where the estimate comes from. */
export function basisText({ learnedShare }: Assessment['time']): string {
  if (learnedShare === 0) return 'from a default rate: no table of these shapes was copied here before';
  return `${percentText(learnedShare)} of the rows from what earlier migrations took, the rest from a default rate`;
}
