import type { SecretBox } from '../../secrets/secret-box.js';

/** Seals and opens JSON: inputs, outputs and states may hold what nobody but the execution is to see. */
export class Sealed {
  readonly #box: SecretBox;

  constructor(box: SecretBox) {
    this.#box = box;
  }

  put(value: unknown, context: string): Buffer {
    return this.#box.seal(Buffer.from(JSON.stringify(value ?? null)), context);
  }

  get(bytes: Buffer, context: string): unknown {
    return JSON.parse(this.#box.open(bytes, context).toString('utf8'));
  }
}

/** What an execution's input is sealed for. */
export const inputOf = (executionId: string): string => `input ${executionId}`;
export const aroundOf = (executionId: string): string => `around ${executionId}`;
export const outputOf = (executionId: string): string => `output ${executionId}`;
