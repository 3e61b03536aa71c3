import pg from 'pg';

/**
 * Tests kill processes and never the machine: what a server wrote is with the system then, and need not be on the disk.
 * Every database that a test makes or drops is a checkpoint otherwise.
 */
export async function spareTheDisk(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('ALTER SYSTEM SET fsync = off');
  await client.query('SELECT pg_reload_conf()');
  await client.end();
}
