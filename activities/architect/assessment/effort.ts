import type { EffortPart } from '../../../contracts/assessment.js';

/** Work that something makes for people, in minutes. */
export interface Chore {
  /** Name of the object; that of a table, or behind it, counts for the table. */
  readonly object: string;
  readonly kind: ChoreKind;
  readonly minutes: number;
}

/** Minutes for each. They are a rule of thumb to compare sources by, and stated in every assessment. */
const MINUTES = {
  refusal: { minutes: 60, what: 'something refused: change it in the source, or leave its table out' },
  question: { minutes: 10, what: 'a question' },
  'cannot see': { minutes: 15, what: 'something that the login cannot see: a grant' },
  'doubtful column': { minutes: 5, what: 'a column mapped with a confidence below 0.75: look at it' },
  'odd values': { minutes: 10, what: 'a column with values that have no faithful form: decide what becomes of them' },
  'no key': { minutes: 10, what: 'a table without a usable key' },
  view: { minutes: 30, what: 'a view to rewrite' },
  trigger: { minutes: 60, what: 'a trigger to rewrite' },
  routine: { minutes: 90, what: 'a routine to rewrite' },
  proposal: { minutes: 20, what: 'a translated trigger or routine that only a replica can show to be right' },
  event: { minutes: 45, what: 'an event to schedule elsewhere' },
  'virtual table': { minutes: 120, what: 'a virtual table to replace' },
  other: { minutes: 15, what: 'anything else that stays behind (indexes, clauses, sequences …)' },
} as const;
export type ChoreKind = keyof typeof MINUTES;

/** Lines of a body that its minutes hold good for; each further line is a minute more. */
const BODY_LINES = 20;

export function choreOf(object: string, kind: ChoreKind, body = ''): Chore {
  const lines = body === '' ? 0 : body.split('\n').length;
  return { object, kind, minutes: MINUTES[kind].minutes + Math.max(0, lines - BODY_LINES) };
}

export function choreKindOf(kind: string): ChoreKind {
  return Object.hasOwn(MINUTES, kind) && REWRITTEN.has(kind) ? (kind as ChoreKind) : 'other';
}
const REWRITTEN = new Set(['view', 'trigger', 'routine', 'event', 'virtual table']);

export function minutesOf(chores: readonly Chore[]): number {
  return chores.reduce((sum, { minutes }) => sum + minutes, 0);
}

/** By kind, the most laborious first. */
export function effortParts(chores: readonly Chore[]): EffortPart[] {
  return [...Map.groupBy(chores, ({ kind }) => kind)]
    .map(([kind, some]) => ({ what: MINUTES[kind].what, count: some.length, minutes: minutesOf(some) }))
    .sort((one, other) => other.minutes - one.minutes);
}

export const EFFORT_RULE: readonly string[] = [
  'Minutes of a person, as a rule of thumb to compare sources by:',
  ...Object.values(MINUTES).map(({ what, minutes }) => `${String(minutes)} for ${what}`),
  `a body of more than ${String(BODY_LINES)} lines takes a minute more for each further line`,
];
