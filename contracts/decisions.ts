/** Something that a person, `--yes`, a default or the policy decided about a migration. */
export interface MadeDecision {
  readonly what: 'plan approved' | 'question answered' | 'finding accepted' | 'finding copied again' | 'fix applied';
  /** The plan's hash, or the id of the question or finding. */
  readonly on: string;
  readonly by: string;
  /** Of a question. */
  readonly option?: string;
  readonly reason?: string;
  /** ISO 8601. */
  readonly at: string;
}
