/** What a validator's specification is sealed for: its own hash. */
export function validatorContext(hash: string): string {
  return `validator ${hash}`;
}
