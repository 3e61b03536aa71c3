import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ServerEndpoint } from '../../contracts/endpoint.js';
import type { ColumnMapping, MigrationMapping, TableMapping } from '../../contracts/mapping.js';
import { keyIdentity, NULL_MARK } from '../../databases/canonical.js';
import type { CanonicalBatch } from '../../databases/source.js';
import type { Target, TargetNames } from '../../databases/target.js';
import { openPostgresTarget } from '../../databases/postgres/target.js';
import { column, copyAll, mapping, simpleTable, someNames, table, Targets } from './postgres-fixtures.js';
import { asStranger, installedServers, startTestServer } from './postgres-server.js';
import type { TestServer } from './postgres-server.js';

const bytes = (text: string): Buffer => Buffer.from(text);
const hex = (text: string): Buffer => Buffer.from(text, 'hex');

/** kind, type, COPY text, canonical bytes. */
const KINDS: readonly (readonly [ColumnMapping['kind'], string, string, Buffer])[] = [
  ['integer', 'bigint', '-9223372036854775808', bytes('-9223372036854775808')],
  ['integer', 'numeric(20,0)', '18446744073709551615', bytes('18446744073709551615')],
  ['integer', 'smallint', '0', bytes('0')],
  ['decimal', 'numeric(10,4)', '-12.5000', bytes('-12.5')],
  ['decimal', 'numeric(10,2)', '-0.00', bytes('0')],
  ['decimal', 'numeric(65,0)', '100', bytes('100')],
  ['float8', 'double precision', '1.5', hex('3ff8000000000000')],
  ['float8', 'double precision', '-0', hex('8000000000000000')],
  ['float8', 'double precision', 'NaN', hex('7ff8000000000000')],
  ['float4', 'real', '16777215', hex('4b7fffff')],
  ['float4', 'real', 'NaN', hex('7fc00000')],
  ['boolean', 'boolean', 't', bytes('1')],
  ['boolean', 'boolean', 'f', bytes('0')],
  ['text', 'text', 'ünï\\t✓', bytes('ünï\t✓')],
  ['text', 'character varying(5)', '', bytes('')],
  ['enum', 'mood', "it's", bytes("it's")],
  ['bytes', 'bytea', '\\\\x00ff', hex('00ff')],
  ['date', 'date', '0001-02-03', bytes('0001-02-03')],
  ['timestamp', 'timestamp(0)', '2001-02-03 04:05:06', bytes('2001-02-03 04:05:06.000000')],
  ['timestamp', 'timestamp(6) without time zone', '2001-02-03 04:05:06.120000', bytes('2001-02-03 04:05:06.120000')],
  ['timestamp', 'timestamp(6)', '2001-02-03 04:05:00', bytes('2001-02-03 04:05:00.000000')],
  ['timestamp', 'timestamp(3)', '0999-12-31 23:59:59.999', bytes('0999-12-31 23:59:59.999000')],
  ['timestamptz', 'timestamp(6) with time zone', '2001-02-03 04:05:06.000001+02', bytes('2001-02-03 02:05:06.000001')],
  ['timestamptz', 'timestamptz(0)', '2001-02-03 04:05:06+00', bytes('2001-02-03 04:05:06.000000')],
  ['time', 'time(6)', '23:59:59.5', bytes('23:59:59.500000')],
  ['time', 'time(0)', '24:00:00', bytes('24:00:00.000000')],
  ['interval', 'interval', '-838:59:59.000001', bytes('-3020399000001')],
  ['json', 'json', '{"b": 1,  "a": [2]}', bytes('{"b": 1,  "a": [2]}')],
  [
    'text_array',
    'text[]',
    '{a,"b,c",é}',
    Buffer.concat([hex('00000001'), bytes('a'), hex('00000003'), bytes('b,c'), hex('00000002'), bytes('é')]),
  ],
  ['text_array', 'text[]', '{}', bytes('')],
  ['bit', 'bit(5)', '01011', bytes('01011')],
  ['uuid', 'uuid', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', hex('a0eebc999c0b4ef8bb6d6bb9bd380a11')],
];

function rowsOf(batches: readonly CanonicalBatch[]): Buffer[] {
  return batches.flatMap((batch) =>
    Array.from({ length: batch.rows }, (_, row) => batch.bytes.subarray(batch.end[row - 1] ?? 0, batch.end[row])),
  );
}

function framed(fields: readonly (Buffer | null)[]): Buffer {
  return Buffer.concat(
    fields.map((field) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(field === null ? NULL_MARK : field.length);
      return field === null ? length : Buffer.concat([length, field]);
    }),
  );
}

async function collect(
  target: Target,
  of: TableMapping,
  options: { keys: boolean; lower?: string; upper?: string },
): Promise<CanonicalBatch[]> {
  const { keys, ...range } = options;
  const batches: CanonicalBatch[] = [];
  for await (const { rows, bytes, end, keys: identities } of target.scan(of, range, { keys }))
    batches.push({
      rows,
      bytes: Buffer.from(bytes.subarray(0, end[rows - 1])),
      end: end.slice(0, rows),
      keys: identities,
    });
  return batches;
}

describe.each(installedServers())('proof on the %s server', (binaries) => {
  let server: TestServer;
  let endpoint: ServerEndpoint;
  let names: TargetNames;
  let target: Target;
  const targets = new Targets();

  beforeAll(async () => {
    server = await startTestServer(binaries);
  }, 60_000);
  afterAll(async () => {
    await server.stop();
  });
  afterEach(async () => {
    await targets.closeAll();
  });

  async function fresh(plan: MigrationMapping): Promise<void> {
    endpoint = await server.database();
    names = someNames();
    target = await targets.open(endpoint, names);
    await target.createShadow(plan);
  }

  async function value(sql: string): Promise<string | null | undefined> {
    const [row] = await asStranger(endpoint, (session) =>
      session.rows(sql.replaceAll('SHADOW', `"caravan_${names.hash}"`)),
    );
    return row === undefined ? undefined : Object.values(row)[0];
  }

  it('gives every kind of value in canonical form', async () => {
    const columns = KINDS.map(([kind, type], at) => column(`c${at}`, type, { kind }));
    const all = table('kinds', columns);
    await fresh(mapping([all], { types: [{ name: 'mood', labels: ["it's"] }] }));
    const nulls = columns.map(() => '\\N').join('\t');
    await copyAll(target, all, `${KINDS.map(([, , text]) => text).join('\t')}\n${nulls}\n`);
    const [first, second] = rowsOf(await collect(target, all, { keys: false }));
    for (const [at, [, type, text, canonical]] of KINDS.entries()) {
      const one = { ...all, columns: columns.slice(at, at + 1) };
      const [row] = rowsOf(await collect(target, one, { keys: false }));
      expect(row?.toString('hex'), `${type} ${text}`).toBe(framed([canonical]).toString('hex'));
    }
    expect(first).toEqual(framed(KINDS.map(([, , , canonical]) => canonical)));
    expect(second).toEqual(framed(KINDS.map(() => null)));
  });

  it('gives key identities as the source prints the key', async () => {
    const keyed = table(
      'keyed',
      [
        column('name', 'text'),
        column('id', 'numeric(20,0)', { kind: 'integer', source: 'Id' }),
        column('raw', 'bytea', { kind: 'bytes' }),
        column('day', 'date', { kind: 'date' }),
        column('at', 'timestamp(3)', { kind: 'timestamp' }),
        column('sharp', 'timestamp(0)', { kind: 'timestamp' }),
        column('flag', 'boolean', { kind: 'boolean' }),
        column('number', 'uuid', { kind: 'uuid' }),
      ],
      { rowKey: ['Id', 'raw', 'day', 'at', 'sharp', 'flag', 'number', 'name'] },
    );
    await fresh(mapping([keyed]));
    await copyAll(
      target,
      keyed,
      'nä\t7\t\\\\x00ff\t2001-02-03\t2001-02-03 04:05:06.120\t2001-02-03 04:05:06\tt\tA0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11\n',
    );
    const [batch] = await collect(target, keyed, { keys: true });
    const fields = [
      ...[
        bytes('7'),
        hex('00ff'),
        bytes('2001-02-03'),
        bytes('2001-02-03 04:05:06.120'),
        bytes('2001-02-03 04:05:06'),
        bytes('1'),
      ],
      ...[bytes('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), bytes('nä')],
    ];
    expect(batch?.keys).toEqual([keyIdentity(fields)]);
    const [without] = await collect(target, keyed, { keys: false });
    expect(without?.keys).toEqual([]);
    expect(without?.bytes).toEqual(batch?.bytes);
    const [bare] = await collect(target, { ...keyed, rowKey: ['rowid'] }, { keys: true });
    expect(bare?.keys).toEqual(['']);
  });

  it('scans ranges that meet without gap, and rows larger than a batch', async () => {
    const users = simpleTable('users');
    await fresh(mapping([users]));
    const rows = Array.from({ length: 5000 }, (_, id) => `${id}\t${'x'.repeat(id === 2500 ? 2_000_000 : 50)}\n`);
    await copyAll(target, users, rows.join(''));
    const parts = [{ upper: '2500' }, { lower: '2500', upper: '2501' }, { lower: '2501' }];
    const counts = [];
    for (const part of parts) counts.push(rowsOf(await collect(target, users, { keys: true, ...part })).length);
    expect(counts).toEqual([2500, 1, 2499]);
    const [large] = rowsOf(await collect(target, users, { keys: false, lower: '2500', upper: '2501' }));
    expect(large?.length).toBe(4 + 4 + 4 + 2_000_000);
    for await (const batch of target.scan(users, {}, { keys: false })) {
      expect(batch.rows).toBeGreaterThan(0);
      break;
    }
    const controller = new AbortController();
    const cancelled = (async () => {
      for await (const batch of target.scan(users, {}, { keys: false, signal: controller.signal }))
        if (batch.rows > 0) controller.abort();
    })();
    await expect(cancelled).rejects.toThrow();
    expect(await target.countRows(users)).toBe(5000);
  });

  // [edge 59 60]
  it('puts identity at a value that was never used, twice over', async () => {
    const id = (next: string): TableMapping =>
      simpleTable('t', {
        columns: [
          column('id', 'integer', { kind: 'integer', nullable: false, identity: { next } }),
          column('name', 'text'),
        ],
      });
    await fresh(mapping([id('5')]));
    await copyAll(target, id('5'), '41\ta\n-3\tb\n');
    const plan = mapping([id('5')]);
    const built = await target.buildKeys(id('5'), plan);
    expect(built).toEqual({ keys: 1, indexes: 0, findings: [] });
    await target.buildKeys(id('100'), plan);
    expect(await value(`INSERT INTO SHADOW.t (name) VALUES ('c') RETURNING id`)).toBe('100');
    await target.buildKeys(id('2147483648'), plan);
    await expect(value(`INSERT INTO SHADOW.t (name) VALUES ('c') RETURNING id`)).rejects.toThrow(/maximum/);
  });

  it('names a key that the data violates, and how many keys do', async () => {
    const users = simpleTable('users', { uniqueKeys: [{ name: 'users_name', columns: ['name'] }] });
    await fresh(mapping([users]));
    await copyAll(target, users, '1\ta\n2\ta\n3\tb\n4\tb\n5\t\\N\n6\t\\N\n');
    const failure = await target.buildKeys(users, mapping([users])).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'KEY_VIOLATED',
      facts: { table: 'users', constraint: 'users_name', sqlstate: '23505' },
    });
    expect(String(failure)).toContain('2 keys occur more than once');
  });

  it('keeps a check that rows violate as NOT VALID, with a finding, on every run', async () => {
    const users = simpleTable('users', { checks: [{ name: 'positive', expression: `id > 0 AND name <> ';--'` }] });
    await fresh(mapping([users]));
    await copyAll(target, users, '0\ta\n-1\tb\n1\tc\n');
    for (let run = 1; run <= 2; run += 1) {
      const { findings } = await target.buildKeys(users, mapping([users]));
      expect(findings).toMatchObject([{ id: 'check_not_valid:public.users.positive', count: 2, disposition: 'open' }]);
    }
    expect((await target.compareStructure(mapping([users]))).findings).toEqual([]);
  });

  it('finds what differs from the plan, by name', async () => {
    const users = simpleTable('users', {
      indexes: [{ name: 'by_name', columns: [{ column: 'name', descending: true }] }],
    });
    const plan = mapping([users], { types: [{ name: 'mood', labels: ['a'] }] });
    await fresh(plan);
    await target.buildKeys(users, plan);
    expect((await target.compareStructure(plan)).findings).toEqual([]);
    await asStranger(endpoint, (session) =>
      session.run(`ALTER TABLE "caravan_${names.hash}".users ALTER COLUMN name TYPE varchar(9), ALTER COLUMN name SET DEFAULT 'x';
        DROP INDEX "caravan_${names.hash}".by_name; ALTER TYPE "caravan_${names.hash}".mood ADD VALUE 'b';
        CREATE TABLE "caravan_${names.hash}".more (x int)`),
    );
    const { findings } = await target.compareStructure(plan);
    expect(findings.map((found) => found.object)).toEqual([
      'public.mood',
      'public.users.name',
      'public.users.by_name',
      'public.more',
    ]);
    expect(findings[0]).toMatchObject({
      code: 'structure_differs',
      kind: 'structural',
      id: 'structure_differs:public.mood',
    });
  });

  it('uses any name that PostgreSQL can hold, and refuses others', async () => {
    const first = `a"; DROP TABLE x;--`;
    const odd = [first, 'select', 'x'.repeat(63), 'Größe €', `it's\\`, ' '];
    const tables = odd.map((name, at) =>
      table(
        name,
        [column(name, 'bigint', { kind: 'integer', nullable: false, identity: { next: '1' } }), column('m', 'text')],
        {
          primaryKey: { name: `pk ${at}"`, columns: [name] },
          indexes: [{ name: `ix ${at}'`, columns: [{ column: 'm', descending: false }] }],
          foreignKeys: [
            {
              name: `fk ${at} ";`,
              columns: [name],
              targetTable: { schema: 'public', name: first },
              targetColumns: [first],
              onDelete: 'NO ACTION',
              onUpdate: 'NO ACTION',
            },
          ],
          comment: `'; DROP TABLE x;--`,
          rowKey: [name],
          chunkKey: { source: name, target: name, kind: 'integer' },
        },
      ),
    );
    const plan = mapping(tables);
    await fresh(plan);
    for (const each of tables) await copyAll(target, each, '1\tx\n');
    for (const each of tables) await target.buildKeys(each, plan);
    expect((await target.addForeignKeys(plan)).findings).toEqual([]);
    expect((await target.compareStructure(plan)).findings).toEqual([]);
    for (const each of tables)
      expect(rowsOf(await collect(target, each, { keys: true, lower: '1', upper: '2' }))).toHaveLength(1);
    await target.promote(plan, { onExisting: 'fail' });
    for (const bad of ['x'.repeat(64), '€'.repeat(22), 'a\0b', '']) {
      const other = await targets.open(endpoint);
      const failing = other.createShadow(mapping([simpleTable(bad)], { targetSchema: 'elsewhere' }));
      await expect(failing).rejects.toMatchObject({ code: 'PLAN_INVALID' });
      expect(await other.undo('elsewhere')).toEqual({ left: [] });
    }
  });

  it('refuses types and expressions that are more than one', async () => {
    await fresh(mapping([simpleTable('fine')]));
    for (const type of [
      'int); DROP TABLE x; --',
      'int, b int',
      `"no such"`,
      'public.mood',
      'int DEFAULT 1;',
      'int--',
      '',
    ]) {
      const failing = target.createShadow(mapping([simpleTable('t', { columns: [column('id', type)] })]));
      await expect(failing, type).rejects.toMatchObject({ code: 'PLAN_INVALID' });
    }
    for (const type of [
      'numeric(10,-2)',
      'timestamp(3) without time zone',
      'double precision',
      'text[]',
      'bit varying(3)',
      'interval day to second(3)',
    ]) {
      const name = `t ${type}`;
      const one = table(name, [column('id', type)]);
      await target.createShadow(mapping([one]));
      expect(
        (await target.compareStructure(mapping([simpleTable('fine'), one]))).findings.filter((f) =>
          f.object.includes(name),
        ),
        type,
      ).toEqual([]);
    }
  });

  it('refuses a target that cannot take the migration, before anything is touched', async () => {
    await fresh(mapping([simpleTable('t')]));
    const refusal = (place: ServerEndpoint, objects = 1): Promise<unknown> =>
      openPostgresTarget(place, someNames())
        .then(async (opened) => opened.preflight({ targetSchema: 'fresh', objects }).finally(() => opened.close()))
        .catch((error: unknown) => (error as { code: string }).code);
    expect(await refusal({ ...endpoint, port: 1 })).toBe('CONNECTION_REFUSED');
    expect(await refusal({ ...endpoint, host: 'no-such-host.invalid' })).toBe('CONNECTION_REFUSED');
    expect(await refusal({ ...endpoint, password: '' })).toBe('LOGIN_REFUSED');
    expect(await refusal({ ...endpoint, database: 'nowhere' })).toBe('DATABASE_MISSING');
    expect(await refusal({ ...endpoint, tls: { mode: 'require' } })).toBe('TLS_REFUSED');
    expect(await refusal(endpoint, 10_000_000)).toBe('TARGET_LOCKS');
    expect(await refusal(await server.database(`ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'`))).toBe(
      'TARGET_ENCODING',
    );
    await asStranger(endpoint, (session) =>
      session.run(`DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN PASSWORD 'g'`),
    );
    expect(await refusal({ ...endpoint, user: 'guest', password: 'g' })).toBe('TARGET_CREATE_MISSING');
  });

  it('works for a login that is no superuser', async () => {
    endpoint = await server.database();
    await asStranger(endpoint, (session) =>
      session.run(
        `DROP ROLE IF EXISTS plain; CREATE ROLE plain LOGIN PASSWORD 'p'; GRANT CREATE ON DATABASE ${endpoint.database} TO plain; GRANT ALL ON SCHEMA public TO plain`,
      ),
    );
    names = someNames();
    target = await targets.open({ ...endpoint, user: 'plain', password: 'p' }, names);
    const users = simpleTable('users');
    const plan = mapping([users]);
    await target.preflight({ targetSchema: 'public', objects: 10 });
    await target.createShadow(plan);
    await copyAll(target, users, '1\ta\n');
    await target.ledger.seal('shop.users');
    await target.buildKeys(users, plan);
    const open = await target.ledger.take('shop.users', 0, { repair: true });
    if (open.state === 'taken') await open.begin(users);
    const again = await target.ledger.take('shop.users', 0, { repair: true });
    expect(again.state).toBe('taken');
    expect((await target.promote(plan, { onExisting: 'fail' })).tables).toBe(1);
    await target.dropSidecar('public');
    await target.close();
    await asStranger(endpoint, (session) => session.run('DROP OWNED BY plain; DROP ROLE plain'));
  });
});
