import { parseArgs } from 'node:util';
import { readConfig } from '../config/config.js';
import { benchCopy } from './copy/copy.js';
import { SHAPE_CASES } from './copy/shape-cases.js';
import { benchEngine } from './engine/engine.js';
import { benchKora } from './kora/kora.js';
import { benchPg } from './pg/pg.js';
import { benchResume } from './resume/resume.js';
import { benchSqlite } from './sqlite/sqlite.js';
import { benchVerify } from './verify/verify.js';
import { readable } from './lines.js';
import type { BenchLine } from './lines.js';

const USAGE = `npm run -s bench -- NAME [--json] [--rows N] [--rounds N]

  copy     a table from MariaDB against pgloader, Sling and the limit of both servers; the copy worker's memory;
           rows of 300 columns, values of 64 MiB, 2,000 tables
  pg       the same rows from PostgreSQL to PostgreSQL against psql and pgcopydb
  sqlite   the same rows from a SQLite file against pgloader
  verify   both sides compared, against reladiff
  kora     KORA: what checking inline costs, full verification against the copy and reladiff, its memory, queries
           replayed, seeded corruptions found and classed, clean migrations without a finding
  resume   the copy worker is killed at half: when it goes on, and what is done twice
  engine   the orchestration engine: planning, steps, open executions, sagas, agents that die, one graph of 100,000
           tasks

  --case NAME  only this case (copy, engine, kora)
  --json       nothing but lines of JSON on standard output
  --rows N     rows of the table (default 2000000)
  --rounds N   times that ours and the rival run in turns (default 3)
  --tasks N    tasks of the one large graph (engine; default 100000, quick 2000)
  --executions N  that are open at once, or lose agents; of sagas a fifth a round (engine; default 1000, quick 60)
  --seed N     of what is drawn by chance (kora; default 1)
  --quick      20,000 rows and one round: does it work, not how fast
`;

const FULL = { rows: '2000000', rounds: '3', tasks: '100000', executions: '1000' };
const QUICK = { rows: '20000', rounds: '1', tasks: '2000', executions: '60' };

interface Options {
  readonly json: boolean;
  readonly rows: number;
  readonly rounds: number;
  readonly seed: number;
  readonly tasks: number;
  readonly executions: number;
  readonly only: string | undefined;
}

/** A bench that runs for long gives each line when it has it. */
type Lines = Promise<BenchLine[]> | AsyncIterable<BenchLine>;

const BENCHES: Readonly<Record<string, (options: Options) => Lines>> = {
  copy: copyLines,
  pg: ({ rows, rounds }) => benchPg({ config: readConfig(), rows, rounds, tell }),
  sqlite: ({ rows, rounds }) => benchSqlite({ config: readConfig(), rows, rounds, tell }),
  verify: ({ rows, rounds }) => benchVerify({ config: readConfig(), rows, rounds, tell }),
  kora: ({ rows, rounds, seed, only }) => benchKora({ config: readConfig(), rows, rounds, seed, only, tell }),
  resume: ({ rows, rounds }) => benchResume({ config: readConfig(), rows, rounds, tell }),
  engine: ({ only, tasks, executions }) =>
    benchEngine({ only, graphTasks: tasks, executions, tell, environment: readConfig().environment }),
};

/** Each shape runs on servers of its own, so that what was measured before is told whatever becomes of the rest. */
async function* copyLines({ rows, rounds, only }: Options): AsyncGenerator<BenchLine> {
  for (const part of only === undefined ? [undefined, ...SHAPE_CASES] : [only])
    yield* await benchCopy({ config: readConfig(), rows, rounds, only: part, tell });
}

function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

function wholeNumber(text: string, name: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new TypeError(`--${name} wants a whole number above 0, not "${text}"`);
}

async function* each(lines: Lines): AsyncGenerator<BenchLine> {
  yield* await lines;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      rows: { type: 'string' },
      rounds: { type: 'string' },
      seed: { type: 'string', default: '1' },
      tasks: { type: 'string' },
      executions: { type: 'string' },
      quick: { type: 'boolean', default: false },
      case: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const [name] = positionals;
  const bench = name === undefined ? undefined : BENCHES[name];
  if (values.help || bench === undefined || positionals.length > 1) {
    process.stderr.write(USAGE);
    return values.help ? 0 : 2;
  }
  const sizes = values.quick ? QUICK : FULL;
  const rows = wholeNumber(values.rows ?? sizes.rows, 'rows');
  const rounds = wholeNumber(values.rounds ?? sizes.rounds, 'rounds');
  const seed = wholeNumber(values.seed, 'seed');
  const tasks = wholeNumber(values.tasks ?? sizes.tasks, 'tasks');
  const executions = wholeNumber(values.executions ?? sizes.executions, 'executions');
  const options = { json: values.json, rows, rounds, seed, tasks, executions, only: values.case };
  for await (const line of each(bench(options))) {
    process.stdout.write(`${values.json ? JSON.stringify(line) : readable(line)}\n`);
  }
  return 0;
}

main().then(
  (exit) => {
    process.exitCode = exit;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}\n`);
    process.exitCode = 1;
  },
);
