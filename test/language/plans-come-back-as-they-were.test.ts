import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { canonicalJson } from '../../contracts/canonical-json.js';
import type { PlanDocument } from '../../contracts/definition.schema.js';
import type { FileFormat } from '../../contracts/text-format.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { adoptPlan } from '../../activities/architect/adopt.js';
import { draftPlan } from '../../activities/architect/draft.js';
import { draftTasks } from '../../activities/architect/tasks.js';
import { parsePlan, writePlan } from '../../language/plan.js';
import { planHash, sha256Hex } from '../../platform/hash.js';
import { catalogueOf, chinook, draft, sakila, table } from '../mapping/catalogues.js';

function planOf(catalogue = chinook()): PlanDocument {
  return draftPlan({ mapping: draft(catalogue).mapping, name: 'test' });
}

/** As it is read back: its reasons are comments. */
function unexplained(plan: PlanDocument): PlanDocument {
  const bare = structuredClone(plan);
  for (const { columns } of bare.migration.tables) for (const column of columns) column.reasons = [];
  return bare;
}

function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it is not there');
  return value;
}

function failureOf(work: () => unknown): CaravanFailure {
  try {
    work();
  } catch (error) {
    if (error instanceof CaravanFailure) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('a plan', () => {
  it.each([chinook(), sakila()])('comes back as it was written, and fits its own source', (catalogue) => {
    const plan = planOf(catalogue);
    const bare = unexplained(plan);
    expect(parsePlan(writePlan(plan))).toEqual(bare);
    expect(adoptPlan(parsePlan(writePlan(plan)), catalogue)).toEqual(bare);
    expect(writePlan(parsePlan(writePlan(plan)))).toBe(writePlan(bare));
  });

  it('says why in comments in front of each column, which its hash does not know', () => {
    const plan = planOf();
    const reasons = ['declared NVARCHAR(120)', 'a label\r\n\u2028evil: true # "x"\u0000'];
    const column = there(plan.migration.tables[0]?.columns[1]);
    Object.assign(column, { reasons });
    const text = writePlan(plan);
    expect(text).toContain(`
        # declared NVARCHAR(120)
        # a label\\u000d\\u000a\\u2028evil: true # "x"\\u0000
        - source: ${column.source}
`);
    expect(text).not.toMatch(/^ *reasons:/m);
    expect(planHash(parsePlan(text))).toBe(planHash(plan));
    expect(planHash(parsePlan(text.replace(/^ *# .*\n/gm, '# mine\n')))).toBe(planHash(plan));
    // The hash is that of what the YAML says, whoever reads it.
    expect(sha256Hex(canonicalJson(parse(text)))).toBe(planHash(plan));
  });

  it('may still have its reasons as fields', () => {
    const plan = planOf();
    expect(parsePlan(JSON.stringify(plan))).toEqual(plan);
    const [column] = plan.migration.tables[0]?.columns ?? [];
    expect(column?.reasons.length).toBeGreaterThan(0);
    expect(writePlan(parsePlan(JSON.stringify(plan)))).toBe(writePlan(plan));
  });

  it('from files says how they are read, and why, and fits them still', () => {
    const format: FileFormat = {
      ...{ file: 't.csv', encoding: 'utf-8', delimiter: ';', quote: '"', escape: '"', lineEnd: 'lf', skipLines: 0 },
      ...{
        header: true,
        columns: ['a'],
        nullWords: [''],
        missingFields: 'quarantine',
        reasons: ['delimiter ";": seen'],
      },
    };
    const columns = [{ name: 'a', type: { base: 'text', declared: 'text' }, nullable: true }];
    const catalogue = catalogueOf('csv', [table('csv', 't', { columns, format: { files: [format] } })]);
    const text = writePlan(planOf(catalogue));
    expect(text).toContain('# delimiter ";": seen\n          - file: t.csv');
    expect(() => adoptPlan(parsePlan(text), catalogue)).not.toThrow();
    const edited = parsePlan(text.replace('delimiter: ;', 'delimiter: ","'));
    expect(failureOf(() => adoptPlan(edited, catalogue)).code).toBe('PLAN_STALE');
  });

  it('keeps every text through YAML', () => {
    const texts = [
      'null',
      '0',
      '1e3',
      ' x ',
      'a: b # c',
      '- x',
      '\u2028\u0085\u00a0',
      '\u0000\u0007\u007f',
      '"\'\\',
      'yes',
      '~',
      '',
      '*a',
      '&a',
      '!x',
      'ünï 😀',
      'a\r\nb\n\n',
      '%x',
      '@',
      '\ufeff',
    ];
    const plan = planOf();
    const notMigrated = texts.map((text) => ({ kind: text, name: text, reason: text }));
    const odd = { ...plan, migration: { ...plan.migration, notMigrated } };
    expect(parsePlan(writePlan(odd))).toEqual(unexplained(odd));
  });

  it('orders its tasks so that each stands behind what it needs', () => {
    const tasks = draftTasks(draft(chinook()).mapping, { 'main.Album': 1000 });
    expect(tasks.map(({ id }) => id)).toEqual([
      'make-shadow',
      ...['copy:main.Album', 'copy:main.AlbumTag', 'copy:main.Artist'],
      ...['keys:main.Album', 'keys:main.AlbumTag', 'keys:main.Artist'],
      ...['foreign-keys', 'verify', 'promote'],
    ]);
    const seen = new Set<string>();
    for (const { id, depends_on } of tasks) {
      expect(depends_on.every((before) => seen.has(before))).toBe(true);
      seen.add(id);
    }
  });
});

describe('a plan that cannot be read', () => {
  it('tells all problems at once, each with line, column and what to do', () => {
    const text = writePlan(planOf())
      .replace('agent: worker', 'agnet: worker')
      .replace('kind: integer', 'kind: intger')
      .replace('next: "276"', 'next: 276');
    const failure = failureOf(() => parsePlan(text));
    const lineOf = (part: string): number => text.slice(0, text.indexOf(part)).split('\n').length;
    expect(failure.code).toBe('PLAN_INVALID');
    expect(failure.facts).toEqual({ line: lineOf('- id: make-shadow'), columnNumber: 5 });
    expect(failure.message).toContain(
      `line ${String(lineOf('agnet'))}, column 5: tasks.0 has no field "agnet" (did you mean "agent"?)`,
    );
    expect(failure.message).toContain(
      `line ${String(lineOf('kind: intger'))}, column 17: migration.tables.0.columns.0.kind`,
    );
    expect(failure.message).toContain(`line ${String(lineOf('next: 276'))}, column 19`);
    expect(failure.message).toContain('put it in quotes');
  });

  it('tells tasks that wait for what is not there, stand twice, or have no agent, and names its file', () => {
    const text = writePlan(planOf())
      .replace('      - copy:main.Album', '      - copy:main.Albun')
      .replace('id: copy:main.Artist', 'id: make-shadow')
      .replace('agent: validator', 'agent: validater');
    const { code, message } = failureOf(() => parsePlan(text, '/plans/shop.yaml'));
    const lineOf = (part: string): string => String(text.slice(0, text.indexOf(part)).split('\n').length);
    expect(code).toBe('PLAN_INVALID');
    expect(message).toContain('could not read the plan "/plans/shop.yaml"');
    expect(message).toContain(
      `line ${lineOf('copy:main.Albun')}, column 9: there is no task "copy:main.Albun" (did you mean "copy:main.Album"?)`,
    );
    expect(message).toContain('a task above is "make-shadow", too');
    expect(message).toContain(`line ${lineOf('validater')}, column 12: there is no agent "validater"`);
  });

  const letters = 'bcdefgh'.split('');
  const bomb = [
    'a: &a [x,x,x,x,x,x,x]',
    ...letters.map(
      (name, at) =>
        `${name}: &${name} [${Array(7)
          .fill(`*${'abcdefgh'.charAt(at)}`)
          .join(',')}]`,
    ),
  ].join('\n');
  // The limit of the test is the guarantee: each is refused in seconds at most.
  it.each([
    ['nothing', ''],
    ['an alias bomb', bomb],
    ['deep flow', '['.repeat(100_000)],
    ['deep blocks', '- '.repeat(5000) + 'x'],
    ['too many bytes', 'x'.repeat(5_000_000)],
    ['a key given twice', 'name: a\nname: b\n'],
    ['a tag', 'name: !!js/function x\n'],
    ['two documents', 'a: 1\n---\nb: 2\n'],
    ['50,000 unknown keys', Array.from({ length: 50_000 }, (_, at) => `k${String(at)}: 1`).join('\n')],
  ])('is refused soon: %s', (_, text) => {
    const failure = failureOf(() => parsePlan(text));
    expect(failure.code).toBe('PLAN_INVALID');
    expect(failure.facts.line).toBeGreaterThan(0);
    expect(failure.facts.columnNumber).toBeGreaterThan(0);
    expect(failure.message.length).toBeLessThan(10_000);
  });

  it('is another failure when its version is unknown', () => {
    expect(failureOf(() => parsePlan('caravan_plan: 2\n'))).toMatchObject({ code: 'PLAN_VERSION', facts: { line: 1 } });
  });
});

type Change = (plan: PlanDocument) => void;

describe('a plan that is given back', () => {
  type Table = PlanDocument['migration']['tables'][number];
  const first = (plan: PlanDocument): Table => there(plan.migration.tables[0]);
  const column = (plan: PlanDocument): Table['columns'][number] => there(first(plan).columns[1]);
  const changed = (change: Change): PlanDocument => {
    const plan = structuredClone(planOf());
    change(plan);
    return plan;
  };

  it('may leave a table out: its tasks and the foreign keys to it go with it, and are listed', () => {
    const adopted = adoptPlan(
      changed((plan) => plan.migration.tables.shift()),
      chinook(),
    );
    expect(adopted.tasks.map(({ table }) => table)).not.toContain('main.Artist');
    expect(adopted.tasks).toHaveLength(8);
    expect(adopted.migration.notMigrated).toContainEqual({
      kind: 'table',
      name: 'main.Artist',
      reason: 'left out of the plan',
    });
    expect(adopted.migration.notMigrated.map(({ name }) => name)).toContain('main.Album.album_artistid_fkey');
  });

  it('may change a type, a default and the order of its tasks', () => {
    const given = changed((plan) => {
      Object.assign(column(plan), { type: 'text', limits: {}, default: "'x'" });
      plan.tasks.find(({ id }) => id === 'copy:main.Album')?.depends_on.push('copy:main.Artist');
    });
    expect(adoptPlan(given, chinook())).toEqual(given);
  });

  it('names the whole way of tasks that wait for each other, and every such knot', () => {
    const given = changed((plan) => {
      const waits = (id: string, before: string): unknown =>
        there(plan.tasks.find((task) => task.id === id)).depends_on.push(before);
      waits('copy:main.Artist', 'keys:main.Artist');
      waits('foreign-keys', 'verify');
    });
    const { message } = failureOf(() => adoptPlan(given, chinook()));
    expect(message).toContain('tasks wait for each other: copy:main.Artist → keys:main.Artist → copy:main.Artist');
    expect(message).toContain('tasks wait for each other: foreign-keys → verify → foreign-keys');
  });

  const stale: readonly (readonly [string, Change])[] = [
    ['a table that is gone', (plan) => (first(plan).source.name = 'Gone')],
    ['a column that is gone', (plan) => (column(plan).source = 'Gone')],
    ['another engine', (plan) => (plan.migration.sourceEngine = 'mysql')],
  ];
  it.each(stale)('is stale with %s', (_, change) => {
    expect(failureOf(() => adoptPlan(changed(change), chinook())).code).toBe('PLAN_STALE');
  });

  const invalid: readonly (readonly [string, Change])[] = [
    ['a type outside the grammar', (plan) => (column(plan).type = 'text; drop table x')],
    ['a type with a default in it', (plan) => (column(plan).type = "text DEFAULT 'x'")],
    ['an extension type', (plan) => (column(plan).type = 'hstore')],
    ['a kind that does not fit', (plan) => (column(plan).kind = 'integer')],
    ['an operator that does not fit', (plan) => (column(plan).transform = [{ op: 'to_boolean' }])],
    ['a default that is a statement', (plan) => (column(plan).default = "'x'; drop table y")],
    ['a default that calls what it may not', (plan) => (column(plan).default = "pg_read_file('x')")],
    ['a check over a strange column', (plan) => first(plan).checks.push({ name: 'c', expression: 'zzz > 1' })],
    ['a subselect', (plan) => first(plan).checks.push({ name: 'c', expression: '(select 1) = 1' })],
    ['a system column', (plan) => (column(plan).target = 'ctid')],
    ['a long name', (plan) => (first(plan).target.name = 'x'.repeat(64))],
    ['a name twice', (plan) => (first(plan).target.name = 'album')],
    ['another schema', (plan) => (first(plan).target.schema = 'pg_catalog')],
    ['a row key that is none', (plan) => (first(plan).rowKey = ['Name'])],
    ['a key over a missing column', (plan) => first(plan).uniqueKeys.push({ name: 'u', columns: ['zzz'] })],
    ['tasks in a circle', (plan) => plan.tasks[0]?.depends_on.push('promote')],
  ];
  it.each(invalid)('is invalid with %s', (_, change) => {
    expect(failureOf(() => adoptPlan(changed(change), chinook())).code).toBe('PLAN_INVALID');
  });
});
