import v8 from 'node:v8';
import vm from 'node:vm';

/** So many bytes may be garbage before it is looked for. V8 begins a whole collection at about 64 MiB. */
const MOST_BYTES = 16 << 20;

type Collect = (options: { readonly type: 'minor' }) => void;

/** V8's own function, which only a flag shows; no context that is made later has it. */
function collector(): Collect {
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc') as Collect;
  v8.setFlagsFromString('--no-expose-gc');
  return collect;
}

let collect: Collect | undefined;
let bytes = 0;

/**
 * Tells of bytes that a socket's read brought. Each read makes a buffer of its own outside V8's heap, and streaming rows
 * makes hardly anything inside it: collections of the young generation, which would free the buffers in a millisecond,
 * are rare, and the buffers amount to what starts a whole collection, again and again: a fifth of the copy's processor
 * time. So a small one is asked for in time.
 */
export function socketRead(length: number): void {
  bytes += length;
  if (bytes < MOST_BYTES) return;
  bytes = 0;
  collect ??= collector();
  collect({ type: 'minor' });
}
