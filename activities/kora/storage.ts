/** Storage classes of a value, as batches carry them (see databases/source.ts); 0 where the engine has none per value. */
export const STORAGE = { none: 0, integer: 1, real: 2, text: 3, blob: 4 } as const;
