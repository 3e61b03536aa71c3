import { createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { z } from 'zod';
import { evidenceHash, REQUIRED_PARTS, evidenceOf } from './body.js';
import { chainFault, evidenceFilesFault } from './chain.js';
import type { EvidenceFolder } from './chain.js';
import { firstDuplicateName } from './duplicate-names.js';
import { body, evidence, header, signedFile } from './schemas.js';
import type { Content, SignedFile } from './schemas.js';
import { CERTIFICATE_VERSION, fingerprintOf, signedBytes } from './signer.js';

export interface Verification {
  /** 0 valid; 1 tampered, evidence missing or another key; 2 unreadable or newer version. */
  readonly exit: 0 | 1 | 2;
  /** For people, the verdict first. */
  readonly lines: readonly string[];
  /** Of a valid one. */
  readonly checked?: CheckedCertificate;
}

export interface CheckedCertificate {
  readonly version: number;
  readonly content: Content;
  readonly fingerprint: string;
  /** It was signed with the key that was given; false: none was given. */
  readonly pinned: boolean;
}

export interface VerifyOptions {
  readonly publicKeyPem?: string | undefined;
  /** Where the evidence files of a certificate lie, by the id of its migration. */
  readonly folderOf?: (migrationId: string) => EvidenceFolder;
}

/** Characters; the certificate of 10,000 tables has about 5 million. */
const TEXT_LENGTH_MAX = 128 * 1024 * 1024;

/** Checks a certificate's text with its evidence files and, when given, the public key that must have signed it. */
export function verifyCertificate(text: string, { publicKeyPem, folderOf }: VerifyOptions = {}): Verification {
  const parsed = parse(text);
  if (typeof parsed === 'string') return { exit: 2, lines: [`unreadable: ${parsed}`] };
  const pinned = publicKeyPem === undefined ? undefined : readPublicKey(publicKeyPem);
  if (pinned === null) return { exit: 2, lines: ['unreadable: the given key is no Ed25519 public key as PEM'] };
  const checked = checkFile(text, parsed);
  if (typeof checked === 'string') return { exit: 1, lines: [`not valid: ${checked}`] };
  const { fingerprint } = checked.file.signature;
  if (pinned !== undefined && fingerprintOf(pinned) !== fingerprint) {
    return {
      exit: 1,
      lines: [
        'not valid: it was signed with another key',
        `signed with: ${fingerprint}`,
        `expected:    ${fingerprintOf(pinned)}`,
      ],
    };
  }
  const { content } = checked;
  const fault = filesFault(content, folderOf?.(content.migrationId));
  if (fault !== undefined) return { exit: 1, lines: [`not valid: ${shown(fault)}`] };
  const { version } = checked.file;
  const valid: CheckedCertificate = { version, content, fingerprint, pinned: pinned !== undefined };
  return { exit: 0, lines: verdictLines(valid), checked: valid };
}

/** The file as JSON, or why it cannot be read as a certificate of a known version. */
function parse(text: string): object | string {
  if (text.length > TEXT_LENGTH_MAX) return 'it is too long for a certificate';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'it is not JSON';
  }
  const head = header.safeParse(value);
  if (!head.success) return 'it is not a Caravan certificate';
  if (head.data.version > CERTIFICATE_VERSION) {
    return `its version is ${String(head.data.version)}, this build reads up to ${String(CERTIFICATE_VERSION)}`;
  }
  return value as object;
}

/** The checked file, or its first fault. */
function checkFile(text: string, value: object): { file: SignedFile; content: Content } | string {
  const duplicate = firstDuplicateName(text);
  if (duplicate !== undefined) return `the member ${quote(duplicate)} stands twice in one object`;
  const file = signedFile.safeParse(value);
  if (!file.success) return faultOf(file.error, 'the file');
  return (
    missingEvidence(file.data) ??
    evidenceFault(file.data.certificate) ??
    signatureFault(file.data) ??
    contentOf(file.data)
  );
}

/** Version 1 had no chain; every later one has. */
function missingEvidence({ version, certificate }: SignedFile): string | undefined {
  const needed = [...REQUIRED_PARTS, ...(version === 1 ? [] : ['chain', 'chainHead']), 'evidenceHash'];
  const missing = needed.find((part) => certificate[part] === undefined);
  return missing === undefined ? undefined : `evidence is missing: ${missing}`;
}

function evidenceFault(certificate: Readonly<Record<string, unknown>>): string | undefined {
  const shape = evidence.safeParse(evidenceOf(certificate));
  if (!shape.success) return faultOf(shape.error, 'the evidence');
  if (evidenceHash(certificate) === certificate['evidenceHash']) return undefined;
  return 'the evidence (tables, findings, notMigrated, position) was changed: its hash is not the evidenceHash';
}

function signatureFault(file: SignedFile): string | undefined {
  const key = readPublicKey(file.signature.publicKey);
  if (key === null) return 'signature.publicKey is no Ed25519 public key as PEM';
  if (fingerprintOf(key) !== file.signature.fingerprint)
    return 'signature.fingerprint is not that of signature.publicKey';
  const value = Buffer.from(file.signature.value, 'base64');
  if (value.toString('base64') !== file.signature.value) return 'signature.value is not base64';
  if (verify(null, signedBytes(file.certificate, file.version), key, value)) return undefined;
  return 'the signature does not fit the content';
}

function contentOf(file: SignedFile): { file: SignedFile; content: Content } | string {
  const content = body.safeParse(file.certificate);
  return content.success ? { file, content: content.data } : faultOf(content.error, 'the certificate');
}

/** The chain in itself, that it has the reports which the certificate speaks of, and the files. */
function filesFault(content: Content, folder: EvidenceFolder | undefined): string | undefined {
  const { chain, chainHead = '', checks = [], comparison } = content;
  if (chain === undefined) return undefined;
  const broken = chainFault(chain, chainHead);
  if (broken !== undefined) return broken;
  const reports = new Map(checks.map(({ check, hash }) => [`check-${check}.json`, hash]));
  if (comparison !== undefined) reports.set('structure.json', comparison.structure.hash);
  for (const [name, hash] of reports) {
    const link = chain.find((each) => each.name === name);
    if (link === undefined) return `evidence is missing: the chain does not name ${name}`;
    if (link.sha256 !== hash) return `the evidence ${name} is not the report whose hash the certificate has`;
  }
  if (folder === undefined) return 'evidence is missing: no folder of evidence files was given';
  return evidenceFilesFault(chain, folder);
}

function readPublicKey(pem: string): KeyObject | null {
  if (!pem.includes('-----BEGIN PUBLIC KEY-----')) return null;
  try {
    const key = createPublicKey(pem);
    // Text around the key would be unsigned text, so there must be none.
    const exact = key.asymmetricKeyType === 'ed25519' && key.export({ type: 'spki', format: 'pem' }).toString().trim();
    return exact === pem.trim().replaceAll('\r\n', '\n') ? key : null;
  } catch {
    return null;
  }
}

function verdictLines({ content, fingerprint, pinned }: CheckedCertificate): string[] {
  const rows = content.tables.reduce((sum, table) => sum + table.targetRows, 0);
  const { chain, chainHead } = content;
  return [
    'valid',
    `migration:   ${quote(content.migrationId)}`,
    `source:      ${clean(content.source.engine)} ${clean(content.source.version)}, database ${quote(content.source.database)}, at ${quote(content.source.position)}`,
    `target:      schema ${quote(content.target.schema)}, ${momentOf(content.target)} at ${clean(content.target.lsn)}`,
    `tables:      ${String(content.tables.length)}, rows: ${String(rows)}, findings: ${String(content.findings.length)}`,
    `proven:      ${String(content.proven.length)} statements; not proven: ${String(content.notProven.length)}`,
    chain === undefined
      ? 'evidence:    none beside it: it is of version 1'
      : `evidence:    ${String(chain.length)} files, as they were; the chain ends in ${clean(chainHead ?? '')}`,
    `fingerprint: ${fingerprint}`,
    ...(pinned ? [] : ['signer not pinned: give --key to check who signed it']),
  ];
}

/** A target that another tool made was not promoted, but only compared. */
function momentOf({ promotedAt, comparedAt }: Content['target']): string {
  if (promotedAt !== undefined) return `promoted ${clean(promotedAt)}`;
  return `moved by another tool, compared ${clean(comparedAt ?? '')}`;
}

function faultOf(error: z.ZodError, what: string): string {
  const issue = error.issues[0];
  const place = issue?.path.map(String).join('.') ?? '';
  if (issue?.code === 'unrecognized_keys') return `${what} has an unknown member ${quote(issue.keys[0] ?? '')}`;
  return `${what} is missing or has another form${place === '' ? '' : ` at ${quote(place)}`}`;
}

/** Texts come from the file: as JSON and without invisible characters they cannot drive a terminal. */
function quote(text: string): string {
  return shown(JSON.stringify(text.slice(0, 200)));
}

function shown(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u202e\u2060-\u206f\ufeff]/gu, '?');
}

function clean(text: string): string {
  return quote(text).slice(1, -1);
}
