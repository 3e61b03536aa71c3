import { canonicalJson } from '../../contracts/canonical-json.js';
import type { CompileRules } from '../../contracts/record.js';
import type { RecordValidation } from '../../contracts/validator.js';
import { sha256Hex } from '../../platform/hash.js';
import { compileChecks } from './compile-validator.js';
import { specifyValidator } from './specify-validator.js';

/** KORA's validator, from what is written of it to the loop over bytes. */
export function recordValidation(compileRules: CompileRules): RecordValidation {
  return {
    specify: specifyValidator,
    hash: (specification) => sha256Hex(canonicalJson(specification)),
    compile: ({ columns, rules }, table) => ({
      ...compileChecks(columns.map(({ check }) => check)),
      rules: rules.length === 0 ? [] : compileRules(table, rules, new Date()),
    }),
  };
}
