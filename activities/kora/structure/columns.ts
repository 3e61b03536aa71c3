import type { ExistingColumn, MatchedColumn } from '../../../contracts/existing.js';
import type { ColumnMapping } from '../../../contracts/mapping.js';
import type { Items } from './items.js';
import { isNarrower } from './narrower.js';

/** Two default expressions that only the server can compare. */
export interface AskedDefault {
  readonly type: string;
  readonly one: string;
  readonly other: string;
}

export interface ColumnsCompared {
  /** Are these equal? undefined: that cannot be told. */
  readonly sameDefault: (asked: AskedDefault) => boolean | undefined;
  readonly items: Items;
}

export function compareColumn(column: MatchedColumn, compared: ColumnsCompared): void {
  const { source, drafted, existing, way, reason } = column;
  const { items } = compared;
  if (existing === undefined) {
    const how = 'the target has no column of this name';
    items.missing('column', source.name, { code: 'missing_column', how });
    return;
  }
  if (way === undefined) items.notCompared('column', source.name, reason ?? 'there is no known way to compare it');
  else compareType(column, way, items);
  if (drafted === undefined) return;
  if (!drafted.sourceNullable && existing.nullable) {
    const how = 'the target takes NULL, and the source does not';
    items.missing('not null', source.name, { code: 'not_null_missing', how });
  }
  compareDefault(column, drafted, existing, compared);
}

function compareType({ source, drafted, existing }: MatchedColumn, way: ColumnMapping, items: Items): void {
  if (existing === undefined) return;
  const wanted = drafted?.type ?? way.type;
  const labels = lostLabels(drafted, existing);
  if (labels.length > 0) {
    const how = `the target's type lacks ${String(labels.length)} of the source's labels`;
    items.differs('column', source.name, { code: 'type_narrower', how });
  } else if (isNarrower(wanted, way.type)) {
    const how = `${source.type.declared || 'its type'} needs ${wanted}, and is ${existing.type} in the target`;
    items.differs('column', source.name, { code: 'type_narrower', how });
  } else if (isSameType(wanted, way.type, existing) && existing.name === (drafted?.target ?? source.name))
    items.same('column', source.name);
  else items.mapped('column', source.name, `"${existing.name}" of the type ${existing.type}`);
}

/** A type of labels has another name in every schema; that none of them is lost was seen before. */
function isSameType(wanted: string, there: string, { base }: ExistingColumn): boolean {
  return wanted === there || (base === 'enum' && there.endsWith(`.${wanted}`));
}

function lostLabels(drafted: ColumnMapping | undefined, { labels }: ExistingColumn): string[] {
  if (labels === undefined || drafted?.kind !== 'enum') return [];
  return (drafted.limits.labels ?? []).filter((label) => !labels.includes(label));
}

function compareDefault(
  { source }: MatchedColumn,
  drafted: ColumnMapping,
  existing: ExistingColumn,
  { items, sameDefault }: ColumnsCompared,
): void {
  if (drafted.generated !== undefined) {
    if (existing.generated) items.mapped('generated column', source.name, 'generated in the target, too');
    else items.mapped('generated column', source.name, 'a plain column with its values');
    return;
  }
  if (existing.generated) return;
  if (drafted.identity !== undefined) {
    compareSequence(source.name, existing, items);
    return;
  }
  const { default: wanted } = drafted;
  const there = existing.default;
  if (wanted?.startsWith('nextval(') === true) {
    compareSequence(source.name, existing, items);
    return;
  }
  if (wanted === undefined) {
    if (there !== undefined && existing.sequence === undefined)
      items.mapped('default', source.name, 'the target has a default, and the source none');
    return;
  }
  if (there === undefined) {
    if (/^null\b/i.test(wanted)) return;
    items.missing('default', source.name, { code: 'default_missing', how: 'the target has none' });
    return;
  }
  const same = bareText(wanted) === bareText(there) || sameDefault({ type: existing.type, one: wanted, other: there });
  if (same === true) items.same('default', source.name);
  else if (same === undefined) items.notCompared('default', source.name, 'only its own functions could tell its value');
  else
    items.differs('default', source.name, { code: 'default_differs', how: 'both were evaluated: the values differ' });
}

/** Without casts, blanks and parentheses around it. */
function bareText(expression: string): string {
  return expression
    .replace(/::(?:"[^"]*"|[a-z_. ]+)(?:\([\d,]+\))?/gi, '')
    .replace(/[\s()]/g, '')
    .toLowerCase();
}

function compareSequence(name: string, { sequence }: ExistingColumn, items: Items): void {
  if (sequence === undefined) {
    const how = 'the source counts its values, and the target has no sequence for them';
    items.missing('sequence', name, { code: 'sequence_missing', how });
    return;
  }
  const { next, greatest } = sequence;
  if (next === null) items.notCompared('sequence', name, 'the login may not read the sequence of the target');
  else if (greatest !== null && isWhole(next) && isWhole(greatest) && BigInt(next) <= BigInt(greatest)) {
    const how = 'the next value is not greater than the greatest that is there: it would collide';
    items.differs('sequence', name, { code: 'sequence_behind', how });
  } else items.same('sequence', name);
}

function isWhole(text: string): boolean {
  return /^-?\d+$/.test(text);
}
