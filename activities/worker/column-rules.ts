import { CaravanFailure } from '../../contracts/failures.js';
import { isTextStep } from '../../contracts/mapping.js';
import type { ColumnMapping, OddCause, TableMapping } from '../../contracts/mapping.js';
import { ISSUE, ISSUES, STORED } from '../../contracts/record.js';
import type { FieldCheck, FieldCodec, Issue } from '../../contracts/record.js';
import { CopySink } from './byte-sink.js';

/** What becomes of a value without a faithful form; bytes are what is stored in its place, as COPY takes it. */
type Stored = 'null' | 'quarantine' | 'fail' | Uint8Array;

export interface ColumnRules {
  readonly takesNull: boolean;
  /** By issue. */
  readonly oddly: readonly Stored[];
  /** The ledger's name for a text that was rewritten. */
  readonly rewriteRule: string;
}

interface Compiled {
  readonly check: FieldCheck;
  readonly codec: FieldCodec;
}

/**
 * A key must not become NULL: the target's primary key refuses it, and a chunk whose rows are found by their key would
 * lose the row from its range.
 */
export function columnRules(table: TableMapping, column: ColumnMapping, compiled: Compiled): ColumnRules {
  const inPrimaryKey = table.primaryKey?.columns.includes(column.target) === true;
  const takesNull = column.nullable && !inPrimaryKey;
  const cutsChunks = table.chunkKey?.source === column.source;
  const nullable = takesNull && !cutsChunks;
  const oddly = ISSUES.map((issue): Stored => {
    const policy = column.values?.[issue as OddCause];
    if (policy?.do === 'use') return replacementOf(table, column, compiled, policy.value);
    const wanted =
      policy?.do === 'null' || policy?.do === 'quarantine' || policy?.do === 'fail' ? policy.do : undefined;
    const stored = wanted ?? column.onInvalid;
    return stored === 'null' && !nullable ? 'quarantine' : stored;
  });
  return { takesNull, oddly, rewriteRule: STORED.rewritten + rewritesOf(column).join('+') };
}

function rewritesOf({ values = {}, transform }: ColumnMapping): string[] {
  return [
    ...(values.nul_character?.do === 'remove' ? ['nul_character'] : []),
    ...(values.invalid_utf8?.do === 'decode' ? ['invalid_utf8'] : []),
    ...transform.filter(isTextStep).map((step) => step.op),
  ];
}

/** A value of the plan, in the form that its column receives; it passes the same check as those of the source. */
export function replacementOf(
  table: TableMapping,
  column: ColumnMapping,
  { check, codec }: Compiled,
  value: string,
): Uint8Array {
  const bytes = Buffer.from(value);
  const sink = new CopySink();
  const checked = check(bytes, 0, bytes.length, 0);
  const issue = checked === ISSUE.ok ? codec(bytes, 0, bytes.length, 0, sink) : checked;
  if (issue === ISSUE.ok) return Buffer.concat(sink.take());
  throw new CaravanFailure('PLAN_INVALID', {
    attempted: 'store a replacement in',
    on: `${table.source.schema}.${table.source.name}.${column.source}`,
    seen: `the value that the plan names does not fit ${column.type}: ${nameOf(issue)}`,
    facts: { table: table.source.name, column: column.source },
  });
}

export function refusedValue(table: TableMapping, at: number, issue: Issue): CaravanFailure {
  const column = table.columns[at]?.source ?? '';
  const { schema, name } = table.source;
  return new CaravanFailure('VALUE_REFUSED', {
    attempted: 'copy',
    on: `${schema}.${name}.${column}`,
    seen: `a value has no faithful form: ${nameOf(issue)}`,
    facts: { schema, table: name, column },
  });
}

export function nameOf(issue: Issue): string {
  return ISSUES[issue] ?? 'bad_form';
}
