import { randomBytes } from 'node:crypto';
import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSecretBox } from '../../platform/secrets/secret-box.js';
import { resolvePassword } from '../../platform/secrets/password-reference.js';
import { createLog } from '../../platform/telemetry/log.js';
import { scratchFolder } from './platform-harness.js';
import type { Scratch } from './platform-harness.js';

describe('what is sealed', () => {
  let scratch: Scratch;
  beforeAll(() => {
    scratch = scratchFolder();
  });
  afterAll(() => {
    scratch.remove();
  });
  const box = (key?: string) => openSecretBox({ key, keyFile: join(scratch.folder, 'deep', 'secret.key') });

  it('opens again with the same key and context only', () => {
    const value = randomBytes(1000);
    const sealed = box().seal(value, 'connection:a');
    expect(sealed.length).toBe(value.length + 29);
    expect(box().open(sealed, 'connection:a')).toEqual(value);
    expect(() => box().open(sealed, 'connection:b')).toThrow(/SECRET_KEY_INVALID/u);
    expect(() => box(randomBytes(32).toString('hex')).open(sealed, 'connection:a')).toThrow(/SECRET_KEY_INVALID/u);
  });

  it('does not open when any one byte was changed or cut off', () => {
    const sealed = box().seal(Buffer.from('12'), 'x');
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect(() => box().open(changed, 'x'), `byte ${String(at)}`).toThrow(/SECRET_KEY_INVALID/u);
      expect(() => box().open(sealed.subarray(0, at), 'x')).toThrow(/SECRET_KEY_INVALID/u);
    }
  });

  it('is never the same twice', () => {
    const one = box();
    const seen = new Set(Array.from({ length: 10_000 }, () => one.seal(Buffer.from('same'), 'x').toString('hex')));
    expect(seen.size).toBe(10_000);
  });

  it('takes a key as base64 or hex and refuses any other', () => {
    const key = randomBytes(32);
    const sealed = box(key.toString('hex')).seal(Buffer.from('v'), 'x');
    expect(box(key.toString('base64')).open(sealed, 'x').toString()).toBe('v');
    for (const wrong of [
      '',
      'short',
      randomBytes(31).toString('hex'),
      randomBytes(33).toString('base64'),
      'g'.repeat(64),
    ]) {
      expect(() => box(wrong), wrong).toThrow(/SECRET_KEY_INVALID/u);
    }
  });

  it('keeps its key in a file that only its owner may read, and refuses one that others may', () => {
    box();
    const path = join(scratch.folder, 'deep', 'secret.key');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(scratch.folder, 'deep'))).toEqual(['secret.key']);
    chmodSync(path, 0o644);
    expect(() => box()).toThrow(/its mode is 644/u);
    chmodSync(path, 0o600);
  });
});

describe('a password reference', () => {
  it('is read where it is used', async () => {
    const scratch = scratchFolder();
    const path = join(scratch.folder, 'password');
    writeFileSync(path, 'from file\n');
    expect(await resolvePassword(`file:${path}`, {})).toBe('from file');
    expect(await resolvePassword('env:DB_PASSWORD', { DB_PASSWORD: 'from env' })).toBe('from env');
    expect(await resolvePassword('env: no reference', {})).toBe('env: no reference');
    await expect(resolvePassword('env:NOT_THERE', {})).rejects.toThrow(/LOGIN_REFUSED/u);
    scratch.remove();
  });
});

describe('a log line', () => {
  it('has no password in it, wherever it was put', () => {
    let written = '';
    const log = createLog({ level: 'info', stream: { write: (line) => void (written += line) } });
    const cause = new Error('failed: mysql://root:s3cr3t@host/db');
    log.info({
      event: 'test',
      password: 's3cr3t',
      endpoint: { user: 'u', password: 's3cr3t', url: 'postgres://u:s3cr3t@h/db' },
      list: ['mysql://u:s3c@r3t@h/db', 'password=s3cr3t'],
      error: new Error('wrapped', { cause }),
    });
    log.child({ url: 'redis://:s3cr3t@h' }).info({ event: 'child' });
    expect(written).not.toMatch(/s3cr3t|r3t/u);
    expect(JSON.parse(written.split('\n')[0] ?? '')).toMatchObject({ event: 'test', level: 'info' });
  });
});
