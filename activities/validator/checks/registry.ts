import type { Check } from './check.js';

/** In the order of `CHECKS`. */
export const REGISTRY: readonly Check[] = [];
