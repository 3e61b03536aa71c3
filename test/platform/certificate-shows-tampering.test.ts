import { createPrivateKey, sign } from 'node:crypto';
import { cpSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildBody } from '../../platform/certificate/body.js';
import type { Evidence } from '../../platform/certificate/body.js';
import { chainOf } from '../../platform/certificate/chain.js';
import type { EvidenceFile } from '../../platform/certificate/chain.js';
import { evidencePath, findEvidence, writeEvidence } from '../../platform/certificate/evidence-folder.js';
import { canonicalJson } from '../../contracts/canonical-json.js';
import { firstDuplicateName } from '../../platform/certificate/duplicate-names.js';
import { openSigner, serializeCertificate } from '../../platform/certificate/signer.js';
import type { Signer } from '../../platform/certificate/signer.js';
import { verifyCertificate } from '../../platform/certificate/verify.js';
import type { Verification, VerifyOptions } from '../../platform/certificate/verify.js';
import { migrationHash, planHash, sha256Hex, targetSchemaHash } from '../../platform/hash.js';
import { scratchFolder } from './platform-harness.js';
import type { Scratch } from './platform-harness.js';

const FILES: readonly EvidenceFile[] = [
  { name: 'states.json', text: '{"position":"0-1-42"}' },
  { name: 'tables.json', text: '[{"source":"shop.orders"}]' },
  { name: 'check-rules.json', text: '{"held":3}' },
];

const EVIDENCE: Evidence = {
  migrationId: 'migrate-shop',
  planHash: 'ab'.repeat(32),
  source: {
    engine: 'mariadb',
    version: '10.11',
    database: 'shop',
    position: '0-1-42',
    consistent: true,
    detail: 'GTID',
  },
  decision: { by: 'alice' },
  tables: [
    {
      source: 'shop.orders',
      target: 'public.orders',
      sourceRows: 10,
      targetRows: 9,
      quarantinedRows: 1,
      changedValues: 2,
      sourceHash: 'cd'.repeat(16),
      targetHash: 'cd'.repeat(16),
    },
  ],
  findings: [
    {
      id: 'f',
      code: 'rows_quarantined',
      kind: 'data',
      object: 'shop.orders',
      count: 1,
      disposition: 'accepted',
      detail: 'd',
    },
  ],
  notMigrated: [{ kind: 'view', name: 'shop.v', reason: 'views are not translated' }],
  cannotSee: [],
  checks: [{ check: 'rules', counts: { held: 3 }, proven: [], notProven: [], hash: sha256Hex('{"held":3}') }],
  ...chainOf(FILES),
};

let scratch: Scratch;
let signer: Signer;
let text: string;
/** The evidence beside the certificate, for each test anew. */
let certificateFile: string;
const evidence = (name: string): string => join(evidencePath(certificateFile), name);
const verify = (given: string, options: VerifyOptions = {}): Verification =>
  verifyCertificate(given, { folderOf: findEvidence(certificateFile, { home: scratch.folder }), ...options });

beforeAll(() => {
  scratch = scratchFolder();
  signer = openSigner({ keyFile: join(scratch.folder, 'signing.pem') });
  const target = { version: '18.4', schema: 'public', promotedAt: '2026-01-02T03:04:05.678Z', lsn: '0/1A2B3C' };
  const body = buildBody({ evidence: EVIDENCE, target, caravanVersion: '0.1.0', issuedAt: '2026-01-02T03:04:06.000Z' });
  text = serializeCertificate(signer.signCertificate(body));
});
beforeEach(({ task }) => {
  certificateFile = join(scratch.folder, task.id, 'certificate.json');
  writeEvidence(certificateFile, FILES);
});
afterAll(() => {
  scratch.remove();
});

describe('a certificate', () => {
  it('is valid as it was written, and says that the signer is not pinned', () => {
    const { exit, lines } = verify(text);
    expect(exit).toBe(0);
    expect(lines.join('\n')).toContain(signer.fingerprint);
    expect(lines.join('\n')).toContain('signer not pinned');
  });

  it('is valid under the key that signed it, in any layout, and under no other', () => {
    const compact = JSON.stringify(JSON.parse(text));
    expect(verify(compact, { publicKeyPem: signer.publicKeyPem })).toMatchObject({ exit: 0 });
    expect(verify(text, { publicKeyPem: signer.publicKeyPem }).lines.join()).not.toContain('not pinned');
    const other = openSigner({ keyFile: join(scratch.folder, 'other.pem') });
    const refused = verify(text, { publicKeyPem: other.publicKeyPem });
    expect(refused.exit).toBe(1);
    expect(refused.lines[0]).toContain('another key');
  });

  it('keeps its key: a second opening signs alike, and the file is private', () => {
    expect(openSigner({ keyFile: join(scratch.folder, 'signing.pem') }).fingerprint).toBe(signer.fingerprint);
    expect(statSync(join(scratch.folder, 'signing.pem')).mode & 0o777).toBe(0o600);
  });

  it('turns invalid when any leaf of it changes', () => {
    const leaves = pathsOf(JSON.parse(text));
    expect(leaves.length).toBeGreaterThan(40);
    for (const path of leaves) {
      const changed = JSON.parse(text) as object;
      changeAt(changed, path);
      expect(verify(JSON.stringify(changed)).exit, path.join('.')).not.toBe(0);
    }
  });

  it('turns invalid when a member is taken out, put in, or stands twice', () => {
    const parsed = JSON.parse(text) as { certificate: Record<string, unknown> };
    for (const part of Object.keys(parsed.certificate)) {
      const rest = Object.fromEntries(Object.entries(parsed.certificate).filter(([name]) => name !== part));
      expect(verify(JSON.stringify({ ...parsed, certificate: rest })).exit, part).toBe(1);
    }
    expect(verify(JSON.stringify({ ...parsed, note: 'all is well' })).exit).toBe(1);
    expect(verify(text.replace('"planHash"', '"planHash": "00", "planHash"')).lines[0]).toContain('twice');
  });

  it('names the first fault', () => {
    expect(verify(text.replace('"targetRows": 9', '"targetRows": 10')).lines[0]).toContain('the evidence');
    expect(verify(text.replace('"0/1A2B3C"', '"0/1A2B3D"')).lines[0]).toContain('signature does not fit');
    const parsed = JSON.parse(text) as { certificate: Record<string, unknown> };
    delete parsed.certificate.tables;
    expect(verify(JSON.stringify(parsed)).lines[0]).toBe('not valid: evidence is missing: tables');
    expect(verify(text.replace('"version": 2', '"version": 1')).lines[0]).toContain('signature does not fit');
  });

  it('is unreadable when it is something else or newer', () => {
    for (const other of [
      '',
      '{',
      'null',
      '[]',
      '{"format":"other","version":1}',
      text.replace('"version": 2', '"version": 3'),
    ]) {
      expect(verify(other).exit, other.slice(0, 40)).toBe(2);
    }
    expect(verify(text, { publicKeyPem: 'no key' }).exit).toBe(2);
  });

  it('says what was not proven', () => {
    const { notProven, proven } = buildBody({
      evidence: { ...EVIDENCE, source: { ...EVIDENCE.source, consistent: false } },
      target: { version: '18', schema: 'public', promotedAt: '', lsn: '' },
      caravanVersion: '0',
      issuedAt: '',
    });
    expect(proven).toHaveLength(2);
    expect(notProven.join('\n')).toMatch(
      /no consistent snapshot[^]*1 rows of shop\.orders are in quarantine[^]*view shop\.v/u,
    );
  });

  it.each<[string, (name: (name: string) => string) => void, string]>([
    [
      'a file is missing',
      (at) => {
        rmSync(at('tables.json'));
      },
      'evidence is missing: tables.json',
    ],
    [
      'the folder is missing',
      (at) => {
        rmSync(at('.'), { recursive: true });
      },
      'evidence is missing: there is no folder',
    ],
    [
      'a byte is changed',
      (at) => {
        writeFileSync(at('tables.json'), '[{"source":"shop.order5"}]');
      },
      'tables.json was changed: its SHA-256',
    ],
    [
      'a byte is put behind',
      (at) => {
        writeFileSync(at('states.json'), '\n', { flag: 'a' });
      },
      'states.json was changed: it has not the',
    ],
    [
      'a byte is cut off',
      (at) => {
        writeFileSync(at('states.json'), '{"position":"0-1-42"');
      },
      'states.json was changed: it has not the',
    ],
    [
      'a file is empty',
      (at) => {
        writeFileSync(at('check-rules.json'), '');
      },
      'check-rules.json was changed',
    ],
    [
      'two files changed places',
      (at) => {
        renameSync(at('states.json'), at('x'));
        renameSync(at('tables.json'), at('states.json'));
        renameSync(at('x'), at('tables.json'));
      },
      'states.json was changed',
    ],
    [
      'a file is too many',
      (at) => {
        writeFileSync(at('more.json'), '{}');
      },
      'a file that the chain does not name: more.json',
    ],
    [
      'a name drives a terminal',
      (at) => {
        writeFileSync(at('\u001b[2J\u202e.json'), '{}');
      },
      'does not name: ?[2J?.json',
    ],
  ])('names it when %s', (_, tamper, fault) => {
    tamper(evidence);
    const refused = verify(text);
    expect(refused.exit).toBe(1);
    expect(refused.lines[0]).toContain(fault);
  });

  it.each<[string, Partial<Evidence>, string]>([
    [
      'reordered',
      { chain: [chainOf(FILES).chain[1], chainOf(FILES).chain[0], chainOf(FILES).chain[2]] as Evidence['chain'] & {} },
      'broken at "tables.json"',
    ],
    ['shortened', { chain: chainOf(FILES).chain.slice(0, 2), checks: [] }, 'does not end in chainHead'],
    ['without the report of a check', chainOf(FILES.slice(0, 2)), 'the chain does not name check-rules.json'],
    [
      'with another report',
      chainOf([...FILES.slice(0, 2), { name: 'check-rules.json', text: '{"held":4}' }]),
      'is not the report',
    ],
    [
      'with a name that leaves the folder',
      chainOf([{ name: '../states.json', text: '' }]),
      'no name of an evidence file',
    ],
    ['with a name twice', chainOf([FILES[0], FILES[0]] as EvidenceFile[]), 'names "states.json" twice'],
  ])('refuses a chain %s, whoever signed it', (_, part, fault) => {
    const target = { version: '18', schema: 'public', promotedAt: '', lsn: '' };
    const signed = buildBody({ evidence: { ...EVIDENCE, ...part }, target, caravanVersion: '0', issuedAt: '' });
    const refused = verify(serializeCertificate(signer.signCertificate(signed)));
    expect(refused.exit).toBe(1);
    expect(refused.lines[0]).toContain(fault);
  });

  it('is valid where it was copied to with its evidence, and under another name', () => {
    cpSync(evidencePath(certificateFile), join(scratch.folder, 'elsewhere', 'migrate-shop.evidence'), {
      recursive: true,
    });
    const copied = join(scratch.folder, 'elsewhere', 'for-the-auditor.json');
    const folderOf = findEvidence(copied, { home: join(scratch.folder, 'no-home') });
    expect(verifyCertificate(text, { folderOf }).lines.join('\n')).toContain('3 files, as they were');
  });

  it('of version 1 is valid without evidence files', () => {
    const { chain, chainHead, ...rest } = EVIDENCE;
    expect([chain, chainHead]).not.toContain(undefined);
    const target = { version: '18', schema: 'public', promotedAt: '', lsn: '' };
    const certificate = buildBody({ evidence: rest, target, caravanVersion: '0', issuedAt: '' });
    const file = signer.signCertificate(certificate);
    const key = createPrivateKey(readFileSync(join(scratch.folder, 'signing.pem'), 'utf8'));
    const bytes = Buffer.from(`caravan-certificate/1\n${canonicalJson(certificate)}`);
    const old = {
      ...file,
      version: 1,
      signature: { ...file.signature, value: sign(null, bytes, key).toString('base64') },
    };
    expect(verifyCertificate(JSON.stringify(old))).toMatchObject({ exit: 0 });
    expect(verifyCertificate(JSON.stringify({ ...old, version: 2 })).lines[0]).toBe(
      'not valid: evidence is missing: chain',
    );
  });
});

describe('canonical JSON', () => {
  it('is that of RFC 8785', () => {
    const value = { '\u20ac': 1, '\r': 2, '1': 3, '\u{1f600}': 4, '\u0080': 5, ö: 6, '\ufb33': 7, b: undefined };
    expect(canonicalJson(value)).toBe('{"\\r":2,"1":3,"\u0080":5,"ö":6,"€":1,"😀":4,"\ufb33":7}');
    expect(canonicalJson([1e21, -0, 333_333_333.333_333_29, 1e-7, '\u000f\n"\\/'])).toBe(
      String.raw`[1e+21,0,333333333.3333333,1e-7,"\u000f\n\"\\/"]`,
    );
  });

  it('refuses what JSON has no form for', () => {
    for (const value of [Number.NaN, 1n, new Date(0), new Map(), () => 1, [undefined]]) {
      expect(() => canonicalJson({ value })).toThrow(/INTERNAL/u);
    }
  });

  it('finds names that stand twice, wherever they are', () => {
    expect(firstDuplicateName('{"a":{"b":1},"c":[{"b":1},{"b":2}],"d":"a"}')).toBeUndefined();
    expect(firstDuplicateName(String.raw`{"a":[{"x\"":1,"b":"x","\u0062":2}]}`)).toBe('b');
  });
});

describe('hashes', () => {
  it('have the documented lengths, and hold over key order', () => {
    expect(migrationHash('w', 'r')).toMatch(/^[0-9a-f]{12}$/u);
    expect(migrationHash('w', 'r')).not.toBe(migrationHash('w', 'r2'));
    expect(targetSchemaHash('public')).toMatch(/^[0-9a-f]{12}$/u);
    expect(planHash({ a: 1, b: [2] })).toBe(planHash({ b: [2], a: 1 }));
  });
});

type Path = (string | number)[];

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, member]) => pathsOf(member, [...path, key]));
}

function changeAt(root: object, path: Path): void {
  const parent = path
    .slice(0, -1)
    .reduce<Record<string, unknown>>(
      (value, key) => value[key] as Record<string, unknown>,
      root as Record<string, unknown>,
    );
  const key = String(path.at(-1));
  const old = parent[key];
  if (typeof old === 'string') parent[key] = `${old}x`;
  else if (typeof old === 'number') parent[key] = old + 1;
  else parent[key] = old !== true;
}
