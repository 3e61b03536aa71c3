/** Durations, and Kubernetes' quantities of CPU and memory, as people write them. Pure; workflow code may use it. */

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
/** A year: nothing here waits longer. */
export const SECONDS_MAX = 365 * 86_400;
/** The same rules as patterns, for schemas. Each is linear: no part can match what the next one can. */
export const DURATION = /^(?:[0-9]{1,9}[smhd])+$/u;
export const CPU_QUANTITY = /^[0-9]{1,9}(?:m|\.[0-9]{1,9})?$/u;
export const MEMORY_QUANTITY = /^[0-9]{1,16}(?:\.[0-9]{1,9})?(?:[KMGTP]i|[kMGTP])?$/u;

/** Seconds of "90s", "30m", "24h", "2d" or "1h30m"; undefined unless between one second and a year. */
export function secondsOf(text: string): number | undefined {
  if (text.length > 100 || !DURATION.test(text)) return undefined;
  let seconds = 0;
  for (const [, count, unit] of text.matchAll(/([0-9]+)([smhd])/gu)) {
    seconds += Number(count) * (SECONDS[unit ?? ''] ?? 0);
  }
  return seconds >= 1 && seconds <= SECONDS_MAX ? seconds : undefined;
}

/** Cores of "500m", "2" or "0.5"; undefined unless more than none. */
export function coresOf(text: string): number | undefined {
  if (!CPU_QUANTITY.test(text)) return undefined;
  const cores = text.endsWith('m') ? Number(text.slice(0, -1)) / 1000 : Number(text);
  return cores > 0 ? cores : undefined;
}

const BYTES: Readonly<Record<string, number>> = {
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/** Bytes of "512Mi", "1G" or "1048576", a fraction of a byte rounded up; undefined unless more than none. */
export function bytesOf(text: string): number | undefined {
  if (!MEMORY_QUANTITY.test(text)) return undefined;
  const unit = text.replace(/^[0-9.]+/u, '');
  const bytes = Math.ceil(Number(text.slice(0, text.length - unit.length)) * (BYTES[unit] ?? 1));
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
}
