import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { draftMapping } from '../../activities/architect/draft-mapping.js';
import type { ServerEndpoint } from '../../contracts/endpoint.js';
import type { MigrationMapping, NativeObject } from '../../contracts/mapping.js';
import { shadowSchema } from '../../contracts/names.js';
import { openPostgresSource } from '../../databases/postgres/source/source.js';
import type { Target } from '../../databases/target.js';
import { ROUND_TRIP } from '../migration/round-trip-postgres.js';
import { someNames, Targets } from './postgres-fixtures.js';
import { asStranger, startTestServer } from './postgres-server.js';
import type { TestServer } from './postgres-server.js';
import { ours, value } from './postgres-strangers.js';

describe('views and objects in PostgreSQL’s own words', () => {
  let server: TestServer;
  let plan: MigrationMapping;
  const targets = new Targets();

  beforeAll(async () => {
    server = await startTestServer('embedded');
    const endpoint = await server.database();
    await asStranger(endpoint, (session) => session.run(`SET search_path = public; ${ROUND_TRIP}`));
    const source = await openPostgresSource(endpoint);
    const catalogue = await source.catalogue();
    await source.close();
    const answers = { profiles: [], answers: {}, learned: [] };
    plan = draftMapping({ catalogue, targetSchema: 'public', identifiers: 'preserve', ...answers }).mapping;
  });
  afterAll(async () => {
    await targets.closeAll();
    await server.stop();
  });

  async function database(): Promise<ServerEndpoint> {
    const endpoint = await server.database();
    await asStranger(endpoint, (session) =>
      session.run(`CREATE EXTENSION citext SCHEMA public; CREATE EXTENSION btree_gist SCHEMA public`),
    );
    return endpoint;
  }

  /** What a round of the proof does; gives what could not be made. */
  async function round(target: Target): Promise<string[]> {
    const unmade: string[] = [];
    const make = async (object: NativeObject): Promise<void> => {
      const made = await target.makeObject(object, plan);
      if (!made.made) unmade.push(`${object.kind} ${object.name}: ${made.reason}`);
    };
    expect((await target.compareStructure(plan)).findings).toEqual([]);
    await target.dropViews(plan);
    const { objects = [] } = plan;
    for (const object of objects) if (object.kind === 'routine') await make(object);
    for (const view of plan.views) {
      const made = await target.makeView(view, plan);
      if (!made.made) unmade.push(`${view.target.name}: ${made.reason}`);
    }
    for (const object of objects) if (object.kind !== 'routine') await make(object);
    return unmade;
  }

  async function build(endpoint: ServerEndpoint, names = someNames()): Promise<Target> {
    const target = await targets.open(endpoint, names);
    await target.createShadow(plan);
    await target.createShadow(plan);
    for (const table of plan.tables) await target.buildKeys(table, plan);
    await target.addForeignKeys(plan);
    return target;
  }

  it('are made again in the next round of a proof, and nothing fires or hides rows until promotion', async () => {
    const endpoint = await database();
    const names = someNames();
    const target = await build(endpoint, names);
    expect(await round(target)).toEqual([]);
    expect(await round(target)).toEqual([]);
    const states = (
      schema: string,
    ): string => `SELECT string_agg(DISTINCT t.tgenabled::text, '' ORDER BY t.tgenabled::text)
      || count(*) FILTER (WHERE c.relrowsecurity) FROM pg_class c LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal
      WHERE c.relkind IN ('r', 'p') AND c.relnamespace = '${schema}'::regnamespace`;
    expect(await value(endpoint, states(shadowSchema(names.hash)))).toBe('D0');
    await target.promote(plan, { onExisting: 'fail' });
    await target.dropSidecar('public');
    // Three triggers and one row of a table with them.
    expect(await value(endpoint, states('public'))).toBe('ADOR4');
    expect(await ours(endpoint)).toEqual([]);
  });

  it('are undone with all that stands on them', async () => {
    const endpoint = await database();
    const target = await build(endpoint);
    expect(await round(target)).toEqual([]);
    expect(await target.undo('public')).toEqual({ left: [] });
    expect(await ours(endpoint)).toEqual([]);
  });

  it('touch nothing outside the shadow, and are one command each', async () => {
    const endpoint = await database();
    const target = await build(endpoint);
    await asStranger(endpoint, (session) => session.run('CREATE TABLE public.theirs (id integer)'));
    const told: NativeObject = { kind: 'comment', name: 'x', statements: [], reads: [] };
    const outside = { ...told, relation: 'theirs', statements: [`COMMENT ON TABLE theirs IS 'changed'`] };
    expect(await target.makeObject(outside, plan)).toEqual({ made: false, reason: 'theirs is not there' });
    const two = { ...told, relation: 'log', statements: [`COMMENT ON TABLE log IS 'x'; DROP TABLE public.theirs`] };
    expect(await target.makeObject(two, plan)).toMatchObject({ made: false });
    expect(await value(endpoint, `SELECT coalesce(obj_description('public.theirs'::regclass), 'as it was')`)).toBe(
      'as it was',
    );
    expect(await target.undo('public')).toEqual({ left: [] });
  });
});
