import type { Proven } from '../../../../contracts/checks.js';
import type { Finding } from '../../../../contracts/migration.js';
import type {
  DeclaredReference,
  InferredReference,
  ReferencesReport,
  TriedCascade,
} from '../../../../contracts/references.js';
import type { CheckOutcome } from '../check.js';
import type { DeclaredKey } from './declared.js';
import { CANDIDATES_MAX } from './infer-keys.js';

interface Known {
  /** Why no change of a key was tried. */
  readonly untried?: string;

  readonly passedOver: number;
  readonly keys: readonly DeclaredKey[];
  readonly existing: boolean;
}

export function outcomeOf(report: ReferencesReport, { passedOver, keys, existing, untried }: Known): CheckOutcome {
  const { declared, inferred, cascades } = report;
  const uncounted = declared.filter(({ orphans }) => orphans === null);
  return {
    // A migration has said so when it made the key.
    findings: existing
      ? declared.flatMap((key, at) => orphansOf(key, keys[at]) ?? [])
      : cascades.flatMap((cascade) => cascadeFinding(cascade) ?? []),
    counts: {
      declared: declared.length,
      valid: declared.filter(({ state }) => state === 'valid').length,
      notValid: declared.filter(({ state }) => state === 'not valid').length,
      missing: declared.filter(({ state }) => state === 'missing').length,
      orphans: declared.reduce((sum, { orphans }) => sum + (orphans ?? 0), 0),
      inferredKeys: inferred.length,
      cascadesTried: cascades.filter(({ verdict }) => verdict !== 'not tried').length,
      cascadesDiffering: cascades.filter(({ verdict }) => verdict === 'differs').length,
      inferredWithoutOrphans: inferred.filter(({ orphans, whole }) => whole && orphans === 0).length,
    },
    proven: [...provenOf(report, existing), ...cascadesProven(report)],
    notProven: [
      ...uncounted.map(
        ({ name, table }) => `Orphans of the foreign key ${name} of ${table} were not counted: it took too long.`,
      ),
      ...untriedText(report, untried),
      ...inferredText(inferred),
      ...(passedOver === 0
        ? []
        : [
            `Beyond ${String(CANDIDATES_MAX)} undeclared keys that names suggest ${String(passedOver)} more were not looked at.`,
          ]),
    ],
    report,
  };
}

function orphansOf(key: DeclaredReference, source: DeclaredKey | undefined): Finding | undefined {
  if (key.orphans === null || key.orphans === 0) return undefined;
  const object = `${source?.of ?? key.table}.${key.name}`;
  const detail = `${object}: ${String(key.orphans)} rows refer to rows of "${key.referenced}" that are not there; the key is ${key.state} in the target.`;
  return {
    id: `orphans:${object}`,
    code: 'orphans',
    kind: 'referential',
    object,
    count: key.orphans,
    disposition: 'listed',
    detail,
  };
}

function provenOf({ declared }: ReferencesReport, existing: boolean): Proven[] {
  const whole = declared.filter(({ orphans }) => orphans === 0);
  if (whole.length === 0) return [];
  return [
    {
      what: `Every row that ${String(whole.length)} of ${String(declared.length)} foreign keys tie refers to a row that is there.`,
      how: existing
        ? 'Rows of the target that refer to nothing were counted, whether a constraint keeps them or not.'
        : 'The target looked at every row when it made the constraint; where it is not valid, the rows were counted.',
    },
  ];
}

function cascadesProven({ cascades }: ReferencesReport): Proven[] {
  const same = cascades.filter(({ verdict }) => verdict === 'same').length;
  if (same === 0) return [];
  return [
    {
      what: `${String(same)} deletions and changes of keys do the same to the rows that refer to them.`,
      how: 'Each was done on a replica of the source and in the shadow, with keys that rows refer to; rows, NULLs and changed references were counted, and both were taken back.',
    },
  ];
}

function untriedText({ cascades }: ReferencesReport, untried: string | undefined): string[] {
  const left = cascades.filter(({ verdict }) => verdict === 'not tried');
  if (untried !== undefined)
    return [
      `What foreign keys do when a key is deleted or changed was compared as it is declared, and not tried: ${untried}.`,
    ];
  if (left.length === 0) return [];
  const named = left.slice(0, 20).map(({ name, action, why = '' }) => `${action} of ${name} (${why})`);
  return [
    `What foreign keys do was not tried for ${String(left.length)} of ${String(cascades.length)} changes: ${named.join(', ')}.`,
  ];
}

function cascadeFinding({ name, table, action, verdict, why = '' }: TriedCascade): Finding | undefined {
  if (verdict !== 'differs') return undefined;
  const object = `${table}.${name}`;
  const detail = `${object}: ${action} of a key does something else: ${why}.`;
  return {
    id: `cascade_differs:${object}:${action}`,
    code: 'cascade_differs',
    kind: 'referential',
    object,
    count: 1,
    disposition: 'open',
    detail,
  };
}

function inferredText(inferred: readonly InferredReference[]): string[] {
  if (inferred.length === 0) return [];
  const names = inferred.slice(0, 20).map(({ table, column, referenced }) => `${table}.${column} to ${referenced}`);
  const more = inferred.length > names.length ? `, and ${String(inferred.length - names.length)} more` : '';
  return [`Keys that nothing declares and no constraint keeps, though the rows have them: ${names.join(', ')}${more}.`];
}
