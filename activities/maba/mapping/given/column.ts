import type { FilePolicies } from '../../../../contracts/mapping-file.schema.js';
import type { OddCause, OddPolicies, OddPolicy, Operator } from '../../../../contracts/mapping.js';
import { isTextStep, ODD_CAUSES } from '../../../../contracts/mapping.js';
import type { TypeChoice } from '../choice.js';
import type { GivenColumn } from './given.js';

/** Policies that keep something of the value, by cause; the others leave nothing of it. */
const KEEPS: ReadonlySet<OddPolicy['do']> = new Set(['use', 'remove', 'decode']);

/** The transform of a column with the steps of the mapping file: texts are rewritten first. */
export function withSteps(choice: TypeChoice, { steps = [] }: GivenColumn): readonly Operator[] {
  const readers = steps.filter((step) => !isTextStep(step));
  return readers.length > 0 ? readers : [...steps.filter(isTextStep), ...choice.transform];
}

export function policiesOf({ policies }: GivenColumn): OddPolicies | undefined {
  if (policies === undefined) return undefined;
  const entries = ODD_CAUSES.flatMap((cause) => {
    const policy = policies[cause];
    return policy === undefined ? [] : [[cause, policy] as const];
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** Odd values of which something is kept are no exceptions that NOT NULL must give way to. */
export function notKept(
  odd: Readonly<Partial<Record<string, number>>>,
  policies: FilePolicies | undefined,
): Partial<Record<string, number>> {
  const left = Object.entries(odd).filter(([cause]) => !KEEPS.has(policies?.[cause as OddCause]?.do ?? 'null'));
  return Object.fromEntries(left);
}

/** Those that would meet `what`: by their own policy, or by that of all others. */
export function meeting(
  odd: Readonly<Partial<Record<string, number>>>,
  { policies }: GivenColumn,
  what: 'null' | 'fail',
): Partial<Record<string, number>> {
  const of = (cause: string): string => policies?.[cause as OddCause]?.do ?? policies?.otherwise ?? 'null';
  return Object.fromEntries(Object.entries(odd).filter(([cause]) => of(cause) === what));
}

const FORMS: Readonly<Partial<Record<TypeChoice['kind'], RegExp>>> = {
  date: /^\d{4}-\d\d-\d\d$/,
  timestamp: /^\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d(?:\.\d{1,6})?)?$/,
  timestamptz: /^\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d(?:\.\d{1,6})?)?$/,
  time: /^\d\d:\d\d:\d\d(?:\.\d{1,6})?$/,
  integer: /^-?\d+$/,
  decimal: /^-?\d+(?:\.\d+)?$/,
  boolean: /^[01]$/,
  text: /^/,
  enum: /^/,
};

const MOMENTS = ['date', 'timestamp', 'timestamptz'] as const;
const TEXTS = ['text', 'enum', 'json', 'text_array', 'uuid'] as const;
/** Kinds whose values can be odd in this way; causes that are not here can be met in any. */
const OF_KINDS: Readonly<Partial<Record<OddCause, readonly TypeChoice['kind'][]>>> = {
  zero_date: MOMENTS,
  impossible_date: MOMENTS,
  nul_character: TEXTS,
  invalid_utf8: TEXTS,
  not_a_number: ['integer', 'decimal', 'float4', 'float8', 'bit', ...MOMENTS],
  not_a_boolean: ['boolean'],
  bad_label: ['enum', 'text_array'],
};

const READS: Readonly<Partial<Record<Operator['op'], readonly TypeChoice['kind'][]>>> = {
  to_boolean: ['boolean'],
  from_unix_seconds: ['date', 'timestamp', 'timestamptz'],
  parse_datetime: ['date', 'timestamp', 'timestamptz', 'time'],
  split_comma: ['text_array'],
};

/** Why a step that reads values makes none of this kind. */
export function stepsKindProblem(kind: TypeChoice['kind'], steps: readonly Operator[]): string | undefined {
  const wrong = steps.find(({ op }) => READS[op]?.includes(kind) === false);
  return wrong && `${wrong.op} does not make values of kind ${kind}: cast the column too`;
}

/** Why a policy or a step cannot be on a column of this kind. */
export function givenProblem(
  kind: TypeChoice['kind'],
  { policies = {}, steps = [] }: { readonly policies?: OddPolicies | undefined; readonly steps?: readonly Operator[] },
): string | undefined {
  if (kind !== 'text' && steps.some(isTextStep)) return `its values are of kind ${kind}, and only texts are rewritten`;
  for (const [cause, policy] of Object.entries(policies)) {
    if (OF_KINDS[cause as OddCause]?.includes(kind) === false)
      return `its values are of kind ${kind}, and none of them is a ${cause}: cast the column too, or leave it out`;
    if (policy.do === 'remove' && (cause !== 'nul_character' || kind !== 'text'))
      return '"remove" is for nul_character in texts';
    if (policy.do === 'decode' && (cause !== 'invalid_utf8' || kind !== 'text'))
      return '"decode" is for invalid_utf8 in texts';
    if (policy.do === 'use' && FORMS[kind]?.test(policy.value) !== true)
      return `the value to use for ${cause} has not the form of a ${kind}`;
  }
  return undefined;
}
