import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { MigrationReport } from '../../../contracts/migration.js';
import { withEnds } from '../../copy/ends.js';
import type { BenchEnds } from '../../copy/ends.js';
import { withLimit } from '../../lines.js';
import type { BenchLine } from '../../lines.js';
import { WrongResult } from '../../wrong-result.js';
import type { KoraBenchOptions } from '../options.js';
import { drawn, expectedEntries, foundEntries, ROW_DAMAGE, ROW_FINDINGS } from './damage.js';
import type { Entry } from './damage.js';
import { SOURCE, WEAKENED } from './kinds.js';

/** A database is moved, proven clean, and corrupted by the seed: in its rows, and, another copy of it, in its structure. */
export async function corruptionsLine({ config, seed, tell }: KoraBenchOptions): Promise<BenchLine> {
  return withEnds(config, async (ends) => {
    const { folder, target, stack } = ends;
    const path = join(folder, 'shop.sqlite');
    const database = new DatabaseSync(path);
    database.exec(SOURCE);
    database.close();
    const source = `sqlite:${path}`;
    const moved = await target.fresh('moved');
    await stack.migrate(source, moved);
    const clean = await stack.verify(source, moved);
    if (clean.findings.length > 0) throw new WrongResult('the database has findings before it is corrupted');

    tell('corrupting rows');
    const done = drawn(seed);
    const corrupted = await copyOf(ends, moved, 'corrupted');
    for (const { corruption, ids } of done) await target.query(corrupted, corruption.sql(ids));
    await target.query(corrupted, ROW_DAMAGE);
    const rows = await verified(ends, source, corrupted);
    const inRows = compared(expectedEntries(done), foundEntries(await entriesOf(ends, rows.migrationId)));
    const others = rows.findings.filter(({ object }) => !object.startsWith('main.client'));
    const inTables = compared(
      ROW_FINDINGS,
      others.map(({ code, object, count }) => `${code} ${object} ${String(count)}`),
    );

    tell('weakening the structure');
    const weakened = await copyOf(ends, moved, 'weakened');
    for (const [, sql] of WEAKENED) await target.query(weakened, sql);
    const structure = await verified(ends, source, weakened);
    const inStructure = compared(
      WEAKENED.map(([, , finding]) => finding),
      structure.findings.map(({ code, object }) => `${code} ${object}`),
    );
    return lineOf([inRows, inTables, inStructure], seed);
  });
}

interface Compared {
  readonly seeded: number;
  readonly missed: readonly string[];
  /** Findings that nothing was done for. */
  readonly made: readonly string[];
}

function compared(expected: readonly string[], found: readonly string[]): Compared {
  const left = [...found];
  const missed = expected.filter((one) => {
    const at = left.indexOf(one);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  return { seeded: expected.length, missed, made: left };
}

function lineOf(parts: readonly Compared[], seed: number): BenchLine {
  const seeded = parts.reduce((sum, part) => sum + part.seeded, 0);
  const missed = parts.flatMap((part) => part.missed);
  const made = parts.flatMap((part) => part.made);
  const told = (name: string, list: readonly string[]): string =>
    list.length === 0 ? `none ${name}` : `${name}: ${list.slice(0, 10).join(', ')}`;
  const note = [
    `${String(seeded)} corruptions by the seed ${String(seed)}: values, whole rows with and without a key, sequences, types, keys, indexes and constraints`,
    'a corruption counts when it is found at its key and column, or its object, under its own class',
    told('missed', missed),
    told('called for by nothing', made),
  ].join('; ');
  const value = seeded - missed.length - made.length;
  return withLimit({ bench: 'kora', case: 'corruptions', value, unit: 'found and classed', note }, { min: seeded });
}

async function verified({ stack }: BenchEnds, source: string, target: string): Promise<MigrationReport> {
  const ran = await stack.run(['verify', '--source', source, '--target', target, '--json']);
  const line = ran.stdout.trim().split('\n').at(-1) ?? '';
  if (ran.exit !== 3)
    throw new WrongResult(`"caravan verify" ended with ${String(ran.exit)}: ${ran.stderr.slice(-300)}`);
  return JSON.parse(line) as MigrationReport;
}

async function entriesOf({ stack }: BenchEnds, id: string): Promise<Entry[]> {
  const { stdout } = await stack.run(['values', 'list', id, '--limit', '10000', '--json']);
  return (JSON.parse(stdout) as { entries: Entry[] }).entries;
}

/** A copy of a database beside it. */
async function copyOf({ target }: BenchEnds, url: string, name: string): Promise<string> {
  const from = new URL(url).pathname.slice(1);
  const server = Object.assign(new URL(url), { pathname: '/postgres' }).toString();
  await target.query(server, `CREATE DATABASE ${name} TEMPLATE ${from}`);
  return Object.assign(new URL(url), { pathname: `/${name}` }).toString();
}
