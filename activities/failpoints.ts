import { existsSync, writeFileSync } from 'node:fs';

/** Places where a test may have a worker die. Names are stable. */
export type FailpointName =
  | 'copy.mid'
  | 'copy.before_commit'
  | 'copy.after_commit'
  | 'batch.mid'
  | 'promote.before'
  | 'promote.after'
  | 'prove.mid'
  | 'queries.page'
  | 'kora.compile'
  | 'kora.catch_up';

export type Failpoint = (name: FailpointName) => void;

/**
 * `name:n:FILE` kills this process (SIGKILL) when the place is passed for the n-th time, once for all processes that
 * share FILE; several are parted by commas. Only for tests of crashes; undefined means no failpoint.
 */
export function openFailpoint(text: string | undefined): Failpoint {
  const armed = (text ?? '').split(',').flatMap((part) => {
    const match = /^([\w.]+):(\d+):(.+)$/.exec(part);
    return match === null ? [] : [{ name: match[1], left: Number(match[2]), file: match[3] ?? '' }];
  });
  return (name) => {
    for (const place of armed) {
      if (place.name !== name) continue;
      place.left -= 1;
      if (place.left !== 0 || existsSync(place.file)) continue;
      writeFileSync(place.file, name);
      process.kill(process.pid, 'SIGKILL');
    }
  };
}
