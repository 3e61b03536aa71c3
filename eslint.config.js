import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const workflowRooms = [
  'workflows/**/*.ts',
  'migration-phases/**/*.ts',
  'contracts/**/*.ts',
  'language/expressions/**/*.ts',
  'language/planner/**/*.ts',
];

export default defineConfig(
  { ignores: ['dist/**', 'node_modules/**'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['vitest.config.ts'] } } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // `defineUpdate<void, …>` is the SDK's own form.
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      // Hot loops read typed arrays: `?? 0` satisfies noUncheckedIndexedAccess where the index is known to be in range.
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      // A generator loop that is awaited for its effects reads better than a reduce.
      'no-await-in-loop': 'off',
      'max-lines-per-function': ['error', { max: 70, skipComments: true, skipBlankLines: true }],
      'max-lines': ['error', { max: 400, skipComments: true, skipBlankLines: true }],
      'max-params': ['error', 4],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
        { selector: 'TSEnumDeclaration', message: 'Use a union of string literals.' },
        {
          selector: "Property[key.name='validator'] > ArrowFunctionExpression[async=true]",
          message: 'Update validators are synchronous: the SDK does not await them.',
        },
        {
          selector: "MemberExpression[object.name='process'][property.name='env']",
          message: 'Only config/ reads the environment.',
        },
      ],
    },
  },
  {
    // FieldCodec and FieldCheck are hot: five plain arguments cost less than an object per field.
    files: ['activities/kora/*.ts', 'activities/maba/codecs/*.ts', 'contracts/record.ts'],
    rules: { 'max-params': ['error', 5] },
  },
  {
    files: workflowRooms,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            'node:*',
            '@temporalio/client',
            '@temporalio/worker',
            '@temporalio/activity',
            'pg',
            'mysql2*',
            'ioredis',
            'kysely',
            'pino',
          ],
        },
      ],
    },
  },
  { files: ['config/**/*.ts', 'test/**/*.ts', 'vitest.config.ts'], rules: { 'no-restricted-syntax': 'off' } },
  {
    // An example shows where work waits, and does none.
    files: ['examples/**/*.ts'],
    rules: { 'no-restricted-syntax': 'off', '@typescript-eslint/require-await': 'off' },
  },
  {
    files: ['test/**/*.ts'],
    rules: { 'max-lines-per-function': 'off', '@typescript-eslint/unbound-method': 'off' },
  },
);
