import { STORAGE as CLASSES } from '../../databases/source.js';

const { null: none, ...classes } = CLASSES;

/** Storage classes of a value that is there, as batches carry them; `none` where the engine has none per value. */
export const STORAGE = { none, ...classes } as const;
