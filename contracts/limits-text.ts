import type { SourceLimits } from './migration.schema.js';
import type { ThrottleView } from './migration.js';

/** Limits as people read them: "5,000 rows/s, 4 connections"; empty: none. The same words in a terminal and in the Web UI. */
export function limitsText({ connections, rowsPerSecond, bytesPerSecond }: SourceLimits): string {
  return [
    ...(rowsPerSecond === undefined ? [] : [`${grouped(rowsPerSecond)} rows/s`]),
    ...(bytesPerSecond === undefined ? [] : [`${grouped(bytesPerSecond)} bytes/s`]),
    ...(connections === undefined ? [] : [`${grouped(connections)} connections`]),
  ].join(', ');
}

/** How the source is spared, in one phrase. */
export function throttleText({ limits, slowed }: ThrottleView): string {
  const told = limitsText(limits);
  return [
    ...(told === '' ? [] : [`at most ${told}`]),
    ...(slowed === null ? [] : [`slowed to ${String(Math.round(slowed.share * 100))} %: ${slowed.why}`]),
  ].join('; ');
}

/** What promotion waits for. */
export function uncheckedText(chunks: number): string {
  return `${grouped(chunks)} chunk${chunks === 1 ? '' : 's'} wait${chunks === 1 ? 's' : ''} for KORA`;
}

function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/gu, ',');
}
