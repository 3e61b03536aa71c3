import { generateKeyPairSync } from 'node:crypto';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestFolder } from './fixtures.js';
import { startMigrate, testFolder } from './fixtures.js';
import type { Ran, TestDatabase } from './harness.js';
import { caravan, freshDatabase } from './harness.js';

describe('The certificate of a migration', () => {
  let folder: TestFolder;
  let target: TestDatabase;
  let path: string;
  let migrationId: string;

  beforeAll(async () => {
    folder = testFolder();
    target = await freshDatabase();
    const source = folder.sqlite(
      'small',
      "CREATE TABLE n (id INTEGER PRIMARY KEY, t TEXT); INSERT INTO n VALUES (1, 'a');",
    );
    const running = startMigrate({ source, target: target.url }, '--yes');
    const ran = await running.ended;
    expect(ran.exit, ran.stderr).toBe(0);
    path = ran.json.certificate ?? '';
    migrationId = running.id;
  });
  afterAll(async () => {
    await target.drop();
    folder.remove();
  });
  const verify = (file: string, ...more: string[]): Promise<Ran> => caravan(['certificate', 'verify', file, ...more]);

  it('is named to a person as well, after the verdict', async () => {
    const source = folder.sqlite('again', 'CREATE TABLE m (id INTEGER PRIMARY KEY); INSERT INTO m VALUES (1), (2);');
    const ran = await caravan(['migrate', '--source', source, '--target', target.url, '--yes']);
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.stdout).toMatch(/main\.m +public\.m +2 +2 +0 +0 +[0-9a-f]{12} +[0-9a-f]{12}/);
    expect(ran.stdout).toMatch(/Certificate +\/.+\.json/);
    expect(ran.stdout).toContain('promoted and proven equal, row by row');
  });

  it('is valid, and says who signed it', async () => {
    const [alone, shown] = await Promise.all([verify(path), caravan(['certificate', 'key'])]);
    expect(alone.exit, alone.stderr).toBe(0);
    expect(alone.stdout).toContain('signer not pinned');
    expect(shown.exit).toBe(0);
    expect(shown.stdout).toMatch(/^-----BEGIN PUBLIC KEY-----[\s\S]+-----END PUBLIC KEY-----\n$/);
    const pinned = await verify(path, '--key', folder.write('signer.pem', shown.stdout));
    expect(pinned.exit, pinned.stderr).toBe(0);
    expect(pinned.stdout).not.toContain('signer not pinned');
    expect(readFileSync(path, 'utf8')).toContain(migrationId);
  });

  it('names the fault when it was changed, or another key must have signed it', async () => {
    const text = readFileSync(path, 'utf8');
    const { publicKey } = generateKeyPairSync('ed25519');
    const other = folder.write('other.pem', publicKey.export({ type: 'spki', format: 'pem' }).toString());
    const changed = text.replace(/("targetRows":\s*)1/, '$12');
    expect(changed).not.toBe(text);
    const [tampered, foreign] = await Promise.all([
      verify(folder.write('tampered.json', changed)),
      verify(path, '--key', other),
    ]);
    expect(tampered.exit).toBe(1);
    expect(tampered.stderr.trim()).not.toBe('');
    expect(foreign.exit).toBe(1);
    expect(foreign.stderr).toMatch(/key/i);
  });

  it('names the evidence file that was changed, and the one that is not there', async () => {
    const evidence = path.replace(/json$/, 'evidence');
    const tables = join(evidence, 'tables.json');
    expect(JSON.parse(readFileSync(tables, 'utf8'))).toMatchObject([{ source: 'main.n', targetRows: 1 }]);
    const decisions = join(evidence, 'decisions.json');
    expect(JSON.parse(readFileSync(decisions, 'utf8'))).toMatchObject([{ what: 'plan approved', by: '--yes' }]);
    expect(JSON.parse(readFileSync(join(evidence, 'chunks.json'), 'utf8'))).toMatchObject([
      { table: 'main.n', rows: 1 },
    ]);
    const copied = folder.write('copied.json', readFileSync(path, 'utf8'));
    cpSync(evidence, copied.replace(/json$/, 'evidence'), { recursive: true });
    expect((await verify(copied)).exit).toBe(0);
    writeFileSync(copied.replace(/json$/, 'evidence/tables.json'), '[]');
    const changed = await verify(copied);
    rmSync(copied.replace(/json$/, 'evidence/tables.json'));
    const missing = await verify(copied);
    expect([changed.exit, missing.exit]).toEqual([1, 1]);
    expect(changed.stderr).toContain('the evidence tables.json was changed');
    expect(missing.stderr).toContain('evidence is missing: tables.json');
  });

  it('is unreadable when it is none, is cut off, or is of a newer version', async () => {
    const text = readFileSync(path, 'utf8');
    const files = [
      join(folder.path, 'none.json'),
      folder.write('text.json', 'no certificate'),
      folder.write('cut.json', text.slice(0, text.length / 2)),
      folder.write('newer.json', text.replace(/("version":\s*)2/, '$199')),
      folder.write('deep.json', '['.repeat(20_000)),
    ];
    for (const ran of await Promise.all(files.map((file) => verify(file)))) {
      expect(ran.exit, ran.stdout).toBe(2);
      expect(ran.stderr).toMatch(/unreadable/i);
    }
  });
});
