import { fastify } from 'fastify';
import { jwtVerify } from 'jose';
import pg from 'pg';
import { readConfig } from '../../config/config.js';

const SELECT = `
  SELECT workflow_id, execution_id, status FROM caravan_store.workflow_executions
   WHERE workflow_id = $1 ORDER BY queued_at DESC LIMIT 1`;

/** The least that may answer for a status: a server of the same kind that checks the token, and reads one row. */
async function main(): Promise<void> {
  const { databaseUrl, api: settings } = readConfig();
  const { secret = null, audience, issuer } = settings.tokens ?? {};
  if (databaseUrl === null || secret === null) throw new Error('the floor needs a database and a secret');
  const key = new TextEncoder().encode(secret);
  const database = new pg.Pool({ connectionString: databaseUrl });
  const api = fastify();
  api.get<{ Params: { id: string } }>('/api/v1/workflows/:id/status', async ({ headers, params }, reply) => {
    const token = headers.authorization?.replace(/^Bearer /u, '') ?? '';
    const options = { algorithms: ['HS256'], ...(audience !== undefined && { audience }), ...(issuer && { issuer }) };
    await jwtVerify(token, key, options);
    const { rows } = await database.query(SELECT, [params.id]);
    return reply.send(rows[0]);
  });
  const address = await api.listen({ host: '127.0.0.1', port: 0 });
  process.stdout.write(`${JSON.stringify({ event: 'api.ready', address, pid: process.pid })}\n`);
  process.once('SIGTERM', () => {
    void api.close().then(() => database.end());
  });
}

await main();
