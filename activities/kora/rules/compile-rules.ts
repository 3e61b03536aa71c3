import type { ColumnMapping, TableMapping } from '../../../contracts/mapping.js';
import { isTextStep } from '../../../contracts/mapping.js';
import type { CompiledRule } from '../../../contracts/record.js';
import type { RowRule } from '../../../contracts/rules.js';
import { STORAGE } from '../storage.js';
import { decimalText, momentText } from '../decimals.js';
import { rowTest } from './row-tests.js';
import { readable } from './values.js';
import type { RuleValue, ValueClass } from './values.js';

/** Reads a field of the source as a rule looks at it; undefined where it cannot be judged. */
type ReadField = (bytes: Uint8Array, storage: number) => string | undefined;

interface InlineColumn {
  readonly place: number;
  readonly class: ValueClass;
  readonly read: ReadField;
}

/** Can it be told of a row while the row is copied? */
export function isDecidable(table: TableMapping, rule: RowRule): boolean {
  return inlineColumns(table, rule) !== undefined;
}

/** KORA's rules of single rows for the copy loop. What cannot be told of a row there is told by the check `rules`. */
export function compileRules(table: TableMapping, rules: readonly RowRule[], now: Date): CompiledRule[] {
  return rules.flatMap((rule): CompiledRule[] => {
    const columns = inlineColumns(table, rule);
    if (columns === undefined) return [];
    const test = rowTest(rule, { now, classes: columns.map((column) => column.class) });
    const values: RuleValue[] = columns.map(() => null);
    return [
      {
        id: rule.id,
        columns: columns.map(({ place }) => place),
        quarantine: rule.onBroken === 'quarantine',
        isBroken: (fieldOf, storageOf) => {
          for (const [at, { place, read }] of columns.entries()) {
            const field = fieldOf(place);
            values[at] = field == null ? field : read(field, storageOf(place));
          }
          return test(values) === 'broken';
        },
      },
    ];
  });
}

function inlineColumns(table: TableMapping, { columns }: RowRule): InlineColumn[] | undefined {
  const found = columns.flatMap((name): InlineColumn[] => {
    const place = table.columns.findIndex(({ source }) => source === name);
    const column = table.columns[place];
    const read = column && fieldReader(column);
    return read === undefined || column === undefined ? [] : [{ place, class: readable(column).class, read }];
  });
  return found.length === columns.length ? found : undefined;
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();

/** Of what the plan rewrites, or takes from another form, the source's own bytes do not tell what is stored. */
function fieldReader({ kind, transform }: ColumnMapping): ReadField | undefined {
  const steps = transform.filter((step) => step.op !== 'as_is');
  if (steps.some((step) => isTextStep(step))) return undefined;
  const [step] = steps;
  const isTime = kind === 'date' || kind === 'timestamp' || kind === 'timestamptz';
  if (step?.op === 'from_unix_seconds') return isTime ? unixSeconds : undefined;
  if (isTime) return step === undefined || step.op === 'parse_datetime' ? moment : undefined;
  if (step !== undefined) return undefined;
  if (kind === 'integer' || kind === 'decimal' || kind === 'float4' || kind === 'float8')
    return (bytes) => decimalText(textOf(bytes).replace(/^\+/, ''));
  if (kind === 'text' || kind === 'enum')
    return (bytes, storage) => (storage === STORAGE.blob ? undefined : textOf(bytes));
  return undefined;
}

function moment(bytes: Uint8Array): string | undefined {
  return momentText(textOf(bytes).replace('T', ' ').replace(/Z$/, ''));
}

/** Years 1 to 9999. */
const SECONDS = { least: -62_135_596_800, greatest: 253_402_300_799 } as const;

function unixSeconds(bytes: Uint8Array): string | undefined {
  const seconds = Number(textOf(bytes));
  if (!(seconds >= SECONDS.least && seconds <= SECONDS.greatest)) return undefined;
  return new Date(seconds * 1000).toISOString().replace('T', ' ').slice(0, -1);
}
