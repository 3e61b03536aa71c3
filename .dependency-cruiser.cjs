/** The arrows between rooms: a room may import what stands in its line, and nothing else. See docs/ARCHITECTURE.md. */
const arrows = {
  contracts: [],
  workflows: ['contracts', 'language/expressions', 'language/planner'],
  'migration-phases': ['contracts', 'workflows'],
  config: [],
  language: ['contracts'],
  databases: ['contracts'],
  platform: ['contracts'],
  activities: ['contracts', 'language', 'databases', 'platform'],
  workers: ['contracts', 'language', 'databases', 'platform', 'activities', 'config', 'workflows', 'migration-phases'],
  api: ['contracts', 'language', 'platform', 'config'],
  cli: ['contracts', 'language', 'platform', 'config'],
  bench: ['contracts', 'language', 'databases', 'platform', 'config'],
};
const rooms = Object.keys(arrows);

const roomRules = Object.entries(arrows).map(([room, allowed]) => ({
  name: `arrows-of-${room}`,
  comment: `${room}/ may import only: ${allowed.join(', ') || 'nothing of ours'}`,
  severity: 'error',
  from: { path: `^${room}/` },
  to: { path: `^(${rooms.join('|')})/`, pathNot: `^(${[room, ...allowed].join('|')})(/|\\.|$)` },
}));

module.exports = {
  forbidden: [
    ...roomRules,
    {
      name: 'components-never-meet',
      comment: 'MABA, KORA and AMANI meet only through agents (PH-1).',
      severity: 'error',
      from: { path: '^activities/(maba|kora|amani)/' },
      to: { path: '^activities/(maba|kora|amani)/', pathNot: '^activities/$1/' },
    },
    {
      name: 'the-planner-stands-alone',
      comment: 'It runs in workflow code, too: it may import nothing but itself and contracts.',
      severity: 'error',
      from: { path: '^language/planner/' },
      to: { pathNot: '^(language/planner|contracts)/' },
    },
    {
      name: 'expressions-import-nothing',
      comment: 'Workflow code evaluates expressions, so they stand alone.',
      severity: 'error',
      from: { path: '^language/expressions/' },
      to: { pathNot: '^language/expressions/' },
    },
    {
      name: 'workflow-code-is-deterministic',
      comment: 'Workflow code imports no Node module, driver or client.',
      severity: 'error',
      from: { path: '^(workflows|migration-phases|contracts)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'workflow-code-has-few-packages',
      severity: 'error',
      from: { path: '^(workflows|migration-phases)/' },
      to: { dependencyTypes: ['npm', 'npm-dev'], pathNot: 'node_modules/@temporalio/(workflow|common)/' },
    },
    {
      name: 'contracts-import-only-zod',
      severity: 'error',
      from: { path: '^contracts/' },
      to: { dependencyTypes: ['npm', 'npm-dev'], pathNot: 'node_modules/zod/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'product-imports-no-test',
      severity: 'error',
      from: { pathNot: '^(test|scripts)/' },
      to: { path: '^test/' },
    },
    {
      name: 'no-development-dependency',
      severity: 'error',
      from: { pathNot: '^(test|scripts|bench)/' },
      to: { dependencyTypes: ['npm-dev'], pathNot: 'node_modules/@types/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
