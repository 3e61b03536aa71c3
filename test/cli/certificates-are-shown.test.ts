import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCertificateShow } from '../../cli/certificate/show.js';
import type { CliContext } from '../../cli/cli-context.js';
import { canonicalJson } from '../../contracts/canonical-json.js';
import type { Config } from '../../config/config.js';
import { buildBody } from '../../platform/certificate/body.js';
import type { Evidence } from '../../platform/certificate/body.js';
import { chainOf } from '../../platform/certificate/chain.js';
import { writeEvidence } from '../../platform/certificate/evidence-folder.js';
import { openSigner, serializeCertificate } from '../../platform/certificate/signer.js';
import { sha256Hex } from '../../platform/hash.js';

/** What somebody could write wherever a name or a reason stands. */
const HOSTILE = `<script>alert(1)</script><img src=x onerror=alert(2)>"' \u202egnp\u2066.exe\u001b[2J\u0007\u200b`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'caravan-shown-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Certified {
  readonly name: string;
  /** Of tables, and of everything else that has a name or a text. */
  readonly tables: readonly string[];
  readonly text: string;
  readonly unequal?: number;
}

/** A certificate of a comparison, with every part that one can have. */
function certify({ name, tables, text, unequal = 0 }: Certified): string {
  const report = { tests: [{ pValue: 0.0000123, column: text, verdict: 'same' }], [text]: [{ [text]: text }] };
  const structure = [{ kind: text, object: text, state: 'missing', how: text }];
  const made = [{ what: 'finding accepted', on: text, by: text, reason: text, at: text }];
  const files = Object.entries({
    'structure.json': structure,
    'check-statistics.json': report,
    'decisions.json': made,
  }).map(([file, value]) => ({ name: file, text: canonicalJson(value) }));
  const hash = (file: string): string => sha256Hex(files.find((each) => each.name === file)?.text ?? '');
  const counts = { objects: 9, same: 5, mapped: 3, missing: 1, differing: 0, notCompared: 0 };
  const evidence: Evidence = {
    migrationId: name,
    planHash: text,
    source: { engine: text, version: text, database: text, position: text, consistent: false, detail: text },
    tables: tables.map((table, at) => ({
      source: `shop.${table}`,
      target: `public.${table}`,
      sourceRows: 10,
      targetRows: 9,
      quarantinedRows: 1,
      changedValues: 2,
      sourceHash: 'cd'.repeat(16),
      targetHash: at < unequal ? 'ef'.repeat(16) : 'cd'.repeat(16),
    })),
    views: [
      {
        kind: text,
        source: text,
        target: text,
        equal: false,
        sourceRows: 0,
        targetRows: 0,
        sourceHash: null,
        targetHash: null,
      },
    ],
    comparison: { targetPosition: text, at: text, structure: { ...counts, hash: hash('structure.json') } },
    checks: [
      {
        check: 'statistics',
        counts: { [text]: 3 },
        proven: [{ what: text, how: text }],
        notProven: [text],
        hash: hash('check-statistics.json'),
      },
    ],
    findings: [
      { id: text, code: 'lost_rows', kind: 'data', object: text, count: 1, disposition: 'listed', detail: text },
    ],
    notMigrated: [{ kind: text, name: text, reason: text }],
    cannotSee: [{ what: text, mend: text }],
    ...chainOf(files),
  };
  const target = { version: text, schema: text, comparedAt: text, lsn: text };
  const body = buildBody({ evidence, target, caravanVersion: text, issuedAt: text });
  const path = join(folder, `${name}.json`);
  writeEvidence(path, files);
  writeFileSync(path, serializeCertificate(openSigner({ keyFile: join(folder, 'key.pem') }).signCertificate(body)));
  return path;
}

function show(file: string, html?: string): { exit: number; printed: string; told: string } {
  const [printed, told]: [string[], string[]] = [[], []];
  const context: CliContext = {
    config: { home: folder } as Config,
    cwd: folder,
    print: (line) => printed.push(line),
    tell: (line) => told.push(line),
    screen: null,
  };
  const exit = runCertificateShow(context, file, html === undefined ? {} : { html });
  return { exit, printed: printed.join('\n'), told: told.join('\n') };
}

function pageOf(file: string): string {
  const shown = show(file, 'page.html');
  expect(shown.exit, shown.told).toBe(0);
  return readFileSync(join(folder, 'page.html'), 'utf8');
}

describe('A certificate is shown to people', () => {
  it('with one full stop behind each statement, whether it came with one or not', () => {
    for (const text of ['Every row is there', 'Every row is there.'])
      expect(pageOf(certify({ name: 'stop', tables: ['a'], text }))).toContain('<li>Every row is there.</li>');
  });

  it('with no name, reason or report that becomes markup, turns the text or drives a terminal', () => {
    const file = certify({ name: 'hostile', tables: [HOSTILE], text: HOSTILE });
    const page = pageOf(file);
    expect(page.match(/&lt;script&gt;alert\(1\)/gu)?.length).toBeGreaterThan(30);
    expect(page).not.toMatch(/<(?:script|img|iframe|link|object|svg|a|base|form)\b/iu);
    expect(page).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u202a-\u202e\u2066-\u2069]/u);
    // Attributes come from the page itself only.
    for (const [tag] of page.matchAll(/<[a-z][^>]*>/gu)) expect(tag).not.toMatch(/alert|gnp|onerror/u);
    const { printed } = show(file);
    expect(printed).toContain('<script>');
    expect(printed).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u202a-\u202e\u2066-\u2069]/u);
  });

  it('on a page that asks nothing of anybody, and prints', () => {
    const page = pageOf(certify({ name: 'alone', tables: ['orders'], text: 'plain' }));
    expect(page).toContain(
      `http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"`,
    );
    expect(page).not.toMatch(/https?:|url\(|@import|src=|href=/u);
    expect(page).toMatch(/@page \{[^}]+\}/u);
  });

  it('whole: every table, every statement, what was not proven beside what was, figures and reasons', () => {
    const tables = Array.from({ length: 200 }, (_, at) => `t${String(at)}_`);
    const page = pageOf(certify({ name: 'large', tables, text: 'plain', unequal: 50 }));
    for (const table of tables) {
      expect(page).toContain(`<bdi>shop.${table}</bdi>`);
      expect(page).toContain(`1 rows of shop.${table} are in quarantine`);
    }
    expect(page).toContain('Not proven equal: 50 tables of 200.');
    expect(page.match(/was not proven equal to shop\.t/gu)?.length).toBeGreaterThanOrEqual(50);
    expect(page.match(/holds 9 of the 10 rows of shop\.t150_/gu)).toHaveLength(1);
    expect(page).toMatch(/<h2>Proven [^]*<h2>Not proven /u);
    expect(page).toContain('1.23e-5');
    expect(page).toContain('NOT read at one state');
  });

  it('not at all when it is not valid: the fault is told, and no page is made', () => {
    const file = certify({ name: 'changed', tables: ['orders'], text: 'plain' });
    writeFileSync(join(folder, 'changed.evidence', 'decisions.json'), '[]');
    const shown = show(file, 'never.html');
    expect(shown.exit).toBe(1);
    expect(shown.told).toContain('the evidence decisions.json was changed');
    expect(() => readFileSync(join(folder, 'never.html'))).toThrow(/ENOENT/u);
  });
});
