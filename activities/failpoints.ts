import { existsSync, writeFileSync } from 'node:fs';

/** Places where a test may have a worker die. Names are stable. */
export type FailpointName =
  | 'copy.mid'
  | 'copy.before_commit'
  | 'copy.after_commit'
  | 'promote.before'
  | 'promote.after'
  | 'prove.mid';

export type Failpoint = (name: FailpointName) => void;

/**
 * `name:n:FILE` kills this process (SIGKILL) when the place is passed for the n-th time, once for all processes that
 * share FILE. Only for tests of crashes; undefined means no failpoint.
 */
export function openFailpoint(text: string | undefined): Failpoint {
  const match = /^([\w.]+):(\d+):(.+)$/.exec(text ?? '');
  if (match === null) return () => undefined;
  const [, armed, count, file] = match;
  let left = Number(count);
  return (name) => {
    if (name !== armed || file === undefined) return;
    left -= 1;
    if (left !== 0 || existsSync(file)) return;
    writeFileSync(file, name);
    process.kill(process.pid, 'SIGKILL');
  };
}
