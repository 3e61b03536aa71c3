import type { Check } from './check.js';
import { queriesCheck } from './queries/check.js';
import { references } from './references/check.js';
import { rulesCheck } from './rules/check-rules.js';
import { statistics } from './statistics/check.js';

/** In the order of `CHECKS`. */
export const REGISTRY: readonly Check[] = [statistics, references, rulesCheck, queriesCheck];
