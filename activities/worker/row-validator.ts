import { qualified } from '../../contracts/catalogue.js';
import { isNative } from '../../contracts/mapping.js';
import type { TableMapping } from '../../contracts/mapping.js';
import { validatorSpecification } from '../../contracts/validator.js';
import type { CompiledValidator, ValidatorSpecification } from '../../contracts/validator.js';
import type { Target } from '../../databases/target.js';
import type { Deps } from '../deps.js';
import { validatorContext } from '../validator-context.js';

/** What a chunk's rows are checked by. */
export interface RowValidator {
  readonly compiled: CompiledValidator;
  /** Hash of KORA's validator; absent: what it checks is not KORA's word, and the chunk stays unchecked. */
  readonly hash?: string;
}

type Parts = Pick<Deps, 'validation' | 'box' | 'log'>;

/**
 * KORA's validator of a table, as it lies in the target. Where KORA has written none yet, the copy does not wait: the
 * codecs are guarded by what the mapping alone says, for they would make another value of a form that they do not know.
 */
export async function rowValidator(deps: Parts, target: Target, table: TableMapping): Promise<RowValidator> {
  const wanted = await target.validators.wanted(qualified(table.source));
  if (wanted !== undefined) {
    const specification = opened(deps, wanted);
    const isWhole = deps.validation.hash(specification) === wanted.hash && fits(specification, table);
    if (isWhole) return { compiled: deps.validation.compile(specification, table), hash: wanted.hash };
    deps.log.warn({ event: 'copy.validator_does_not_fit', table: qualified(table.source) });
  }
  return { compiled: deps.validation.compile(deps.validation.specify(table, []), table) };
}

function opened(
  { box }: Parts,
  { hash, specification }: { readonly hash: string; readonly specification: Buffer },
): ValidatorSpecification {
  const text = box.open(specification, validatorContext(hash)).toString();
  return validatorSpecification.parse(JSON.parse(text));
}

/** Checks are by place: a validator of other columns would check one column by another's. */
function fits({ columns }: ValidatorSpecification, table: TableMapping): boolean {
  const checked = isNative(table) ? [] : table.columns;
  return columns.length === checked.length && columns.every(({ source }, at) => source === checked[at]?.source);
}
