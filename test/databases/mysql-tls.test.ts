import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ServerEndpoint } from '../../contracts/endpoint.js';
import { openSession } from '../../databases/mysql/connect.js';
import { openMysqlSource } from '../../databases/mysql/source.js';
import { hasMariadb, startPrivateMariadb, type PrivateMariadb } from './mariadb.js';
import { mappingOf, readEvery } from './mysql-fixtures.js';

const openssl = ['/usr/bin/openssl', '/usr/local/bin/openssl', '/opt/homebrew/bin/openssl'].find((path) =>
  existsSync(path),
);

/** A server certificate for these names, signed by its own authority. */
async function makeCertificate(folder: string, name: string, altNames: string): Promise<void> {
  const file = (ending: string): string => join(folder, `${name}.${ending}`);
  const run = (...args: string[]) => promisify(execFile)(openssl ?? '', args);
  const fresh = ['-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj'];
  await run('req', '-x509', ...fresh, `/CN=authority of ${name}`, '-keyout', file('ca.key'), '-out', file('ca.pem'));
  await run(
    ...['req', '-x509', ...fresh, '/CN=server', '-addext', `subjectAltName=${altNames}`],
    ...['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-keyout', file('key'), '-out', file('pem')],
  );
}

describe.skipIf(!hasMariadb || openssl === undefined)('TLS to a MySQL-like source (needs openssl)', () => {
  let folder: string;
  let server: PrivateMariadb;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'caravan-tls-'));
    await makeCertificate(folder, 'address', 'IP:127.0.0.1');
    await makeCertificate(folder, 'stranger', 'DNS:localhost');
    server = await startPrivateMariadb({
      'ssl-cert': join(folder, 'address.pem'),
      'ssl-key': join(folder, 'address.key'),
    });
  });

  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function cipher(tls: ServerEndpoint['tls'], from: PrivateMariadb = server): Promise<string> {
    const session = await openSession({ ...from.endpoint('mysql'), tls });
    const [row] = await session.query("SHOW STATUS LIKE 'Ssl_cipher'");
    await session.close();
    return row?.Value ?? '';
  }

  test('require encrypts without verifying; verify-full accepts an address that the certificate names', async () => {
    const ca = await readFile(join(folder, 'address.ca.pem'), 'utf8');
    expect(await cipher({ mode: 'disable' })).toBe('');
    expect(await cipher({ mode: 'require' })).not.toBe('');
    expect(await cipher({ mode: 'verify-full', ca })).not.toBe('');
  });

  test('rows come the same through TLS', async () => {
    await server.script(`CREATE OR REPLACE DATABASE t; USE t; CREATE TABLE t.rows_of_all_lengths (id INT PRIMARY KEY, v LONGTEXT);
      INSERT INTO t.rows_of_all_lengths SELECT seq, REPEAT('ä', seq % 300) FROM seq_1_to_20000;
      INSERT INTO t.rows_of_all_lengths SELECT 20000 + seq, REPEAT('b', seq * 70000) FROM seq_1_to_20`);
    const table = mappingOf(
      { schema: 't', name: 'rows_of_all_lengths', columns: ['id integer', 'v text'] },
      { rowKey: ['id'] },
    );
    const digests: string[] = [];
    for (const tls of [{ mode: 'disable' }, { mode: 'require' }] as const) {
      const source = await openMysqlSource({ ...server.endpoint('t'), tls });
      const digest = createHash('sha256');
      for (const row of await readEvery(source, table, {}))
        for (const value of row) digest.update(value ?? '').update('|');
      digests.push(digest.digest('hex'));
      await source.close();
    }
    expect(digests[1]).toBe(digests[0]);
  });

  test('verify-full refuses an unknown authority', async () => {
    const ca = await readFile(join(folder, 'stranger.ca.pem'), 'utf8');
    await expect(cipher({ mode: 'verify-full', ca })).rejects.toMatchObject({ code: 'TLS_REFUSED' });
  });

  test('verify-full refuses a certificate for "localhost" when the host is an address', async () => {
    const other = await startPrivateMariadb({
      'ssl-cert': join(folder, 'stranger.pem'),
      'ssl-key': join(folder, 'stranger.key'),
    });
    const ca = await readFile(join(folder, 'stranger.ca.pem'), 'utf8');
    await expect(cipher({ mode: 'verify-full', ca }, other)).rejects.toMatchObject({ code: 'TLS_REFUSED' });
    await other.stop();
  });
});
