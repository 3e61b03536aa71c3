import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Workload } from '../../contracts/workload.js';
import { openPostgresSource } from '../../databases/postgres/source/source.js';
import { digestText } from '../../language/workload/digests.js';
import { withValues } from '../../language/workload/placeholders.js';
import { workloadOfStatistics } from '../../language/workload/read-workload.js';
import type { ServerEndpoint } from '../../contracts/endpoint.js';
import { asStranger, startTestServer } from '../databases/postgres-server.js';
import type { TestServer } from '../databases/postgres-server.js';
import { queryWith } from './workload-fixtures.js';

const READ = { dialect: 'mysql', readAt: new Date(0) } as const;

describe("MySQL's digest of a statement", () => {
  it.each([
    ['SELECT COUNT ( * ) FROM `film` WHERE `rating` IN (...) ', 'SELECT COUNT(*) FROM `film` WHERE `rating` IN(?)'],
    [
      'SELECT `f` . * , `LOWER` ( `f` . `title` ) FROM `film` `f`',
      'SELECT `f`.* , LOWER( `f`.`title` ) FROM `film` `f`',
    ],
    ['SELECT DISTINCTROW `a` FROM `t` LIMIT ?, ... ', 'SELECT DISTINCT `a` FROM `t` LIMIT ?, ?'],
    ['INSERT INTO `order` ( `a` ) VALUES (...) /* , ... */ ', 'INSERT INTO `order` ( `a` ) VALUES(?)'],
  ])('%j is a statement that the server takes', (digest, text) => {
    expect(digestText(digest).replaceAll('( * )', '(*)')).toBe(text);
  });

  it('stands in for a sample whose end the server cut, and its values are sampled', () => {
    const shape = 'SELECT `a` FROM `t` WHERE `a` = ? AND `b` = ? ';
    const counted = { sample: "SELECT a FROM t WHERE a = 'long...", shape, times: 7, seconds: 0.5 };
    const [query] = workloadOfStatistics([counted], READ).queries;
    expect(query).toMatchObject({ reason: 'without_values', count: 7, seconds: 0.5 });
    expect(query?.placeholders).toMatchObject([
      { table: 't', column: 'a' },
      { table: 't', column: 'b' },
    ]);
  });

  it('is classed anew once it has values: only then it is seen what it is', () => {
    const counted = [{ shape: 'SELECT `a` FROM `t` WHERE `b` = ? ORDER BY `a` LIMIT ? ', times: 2 }];
    const [query] = workloadOfStatistics(counted, READ).queries;
    if (query === undefined) expect.unreachable('it is kept');
    const sampled = withValues(query, ["'x'", '10'], { dialect: 'mysql', readAt: new Date(0).toISOString() });
    expect(sampled).toMatchObject({
      ...{ class: 'read', synthetic: true, limited: true, tables: ['t'], count: 2 },
      run: "SELECT `a` FROM `t` WHERE `b` = 'x' ORDER BY `a` LIMIT 10",
    });
    expect(sampled.placeholders ?? sampled.reason).toBeUndefined();
  });

  it('is left out where both are cut, and counts as often as it ran', () => {
    const cut = { sample: 'SELECT a FR...', shape: 'SELECT `a` ...', times: 3 };
    expect(workloadOfStatistics([cut], READ).counts).toMatchObject({ statements: 3, skipped: { cut: 3 } });
  });
});

describe('A running PostgreSQL server', () => {
  let server: TestServer;
  let bare: ServerEndpoint;
  let endpoint: ServerEndpoint;
  let workload: Workload;

  beforeAll(async () => {
    server = await startTestServer('embedded', { shared_preload_libraries: 'pg_stat_statements' });
    [bare, endpoint] = [await server.database(), await server.database()];
    await asStranger(endpoint, async (session) => {
      await session.run(`CREATE SCHEMA tools; CREATE EXTENSION pg_stat_statements SCHEMA tools;
        CREATE TABLE public.person (id int PRIMARY KEY, name text); CREATE ROLE other LOGIN PASSWORD 'secret'`);
      for (const id of ['1', '2', '3']) await session.rows('SELECT name FROM public.person WHERE id = $1', [id]);
      await session.run("INSERT INTO public.person VALUES (7, 'Ada')");
    });
    const source = await openPostgresSource(endpoint);
    const statistics = await source.queryStatistics?.();
    await source.close();
    workload = workloadOfStatistics(statistics ?? [], { dialect: 'postgres', readAt: new Date(0) });
  });
  afterAll(() => server.stop());

  it('tells its queries with the times that they ran, and where their values belong', () => {
    expect(queryWith(workload, 'SELECT name FROM public.person')).toMatchObject({
      count: 3,
      placeholders: [{ marker: '$1', table: 'person', column: 'id' }],
    });
    expect(queryWith(workload, 'INSERT INTO public.person')).toMatchObject({ count: 1, reason: 'without_values' });
  });

  it('without the extension, or to a login that may not see them, says what is missing', async () => {
    const without = await openPostgresSource(bare);
    await expect(without.queryStatistics?.()).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      next: expect.stringContaining('CREATE EXTENSION pg_stat_statements') as string,
    });
    await without.close();
    const blind = await openPostgresSource({ ...endpoint, user: 'other', password: 'secret' });
    await asStranger(endpoint, (session) => session.run('GRANT USAGE ON SCHEMA tools TO other'));
    await expect(blind.queryStatistics?.()).rejects.toMatchObject({
      next: expect.stringContaining('pg_read_all_stats') as string,
    });
    await blind.close();
  });
});
