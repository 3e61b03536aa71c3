import type { Config } from '../../config/config.js';

export interface KoraBenchOptions {
  readonly config: Config;
  /** Rows of the large table. */
  readonly rows: number;
  readonly rounds: number;
  /** Of everything that is drawn by chance. */
  readonly seed: number;
  readonly tell: (text: string) => void;
}
