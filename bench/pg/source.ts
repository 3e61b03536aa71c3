import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { startPostgres } from '../../platform/local-stack/postgres-server.js';
import { checksumSqlPostgres } from '../copy/checksum.js';
import type { Checksum } from '../copy/checksum.js';
import { rowPieces, TABLE } from '../copy/rows.js';
import { BARE } from '../copy/target.js';

export interface PgSource {
  readonly url: string;
  readonly major: number;
  readonly checksum: Checksum;
  dispose(): Promise<void>;
}

/** A PostgreSQL of Debian's packages with the bench's table and its primary key. */
export async function openPgSource(folder: string, rows: number): Promise<PgSource> {
  const server = await startPostgres({ dataFolder: join(folder, 'pg-source'), binaries: 'debian', database: 'legacy' });
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    await client.query(BARE);
    const into = client.query(copyFrom(`COPY public.${TABLE} FROM STDIN`));
    await pipeline(Readable.from(rowPieces(rows), { objectMode: false, highWaterMark: 1 << 20 }), into);
    await client.query(`ALTER TABLE public.${TABLE} ADD PRIMARY KEY (id)`);
    await client.query(`VACUUM (ANALYZE) public.${TABLE}`);
    const { rows: found } = await client.query<Record<string, unknown>>(checksumSqlPostgres(`public.${TABLE}`));
    const checksum = { rows: String(found[0]?.['rows']), sum: String(found[0]?.['sum']) };
    return { url: server.url, major: server.major, checksum, dispose: () => server.dispose() };
  } finally {
    await client.end();
  }
}
