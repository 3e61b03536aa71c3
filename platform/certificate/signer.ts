import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { CaravanFailure } from '../../contracts/failures.js';
import { sha256Hex } from '../hash.js';
import { readOrMakePrivateFile } from '../secrets/private-file.js';
import type { CertificateBody } from './body.js';
import { canonicalJson } from '../../contracts/canonical-json.js';

export const CERTIFICATE_FORMAT = 'caravan-certificate';
/** Version of the file that this build writes, and the newest that it reads. Version 1 had no chain of evidence files. */
export const CERTIFICATE_VERSION = 2;

export interface CertificateFile {
  readonly format: typeof CERTIFICATE_FORMAT;
  readonly version: typeof CERTIFICATE_VERSION;
  readonly certificate: CertificateBody;
  readonly signature: {
    readonly algorithm: 'Ed25519';
    /** PEM (SPKI). */
    readonly publicKey: string;
    /** SHA-256 hex of the SPKI bytes. */
    readonly fingerprint: string;
    /** Base64. */
    readonly value: string;
  };
}

export interface Signer {
  readonly publicKeyPem: string;
  readonly fingerprint: string;
  signCertificate(body: CertificateBody): CertificateFile;
}

/** `keyFile`: an Ed25519 private key as PEM (PKCS #8), mode 0600; made on first use. */
export function openSigner(options: { readonly keyFile: string }): Signer {
  const key = readPrivateKey(options.keyFile);
  const publicKey = createPublicKey(key);
  const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const fingerprint = fingerprintOf(publicKey);
  return {
    publicKeyPem,
    fingerprint,
    signCertificate: (body) => ({
      format: CERTIFICATE_FORMAT,
      version: CERTIFICATE_VERSION,
      certificate: body,
      signature: {
        algorithm: 'Ed25519',
        publicKey: publicKeyPem,
        fingerprint,
        value: sign(null, signedBytes(body), key).toString('base64'),
      },
    }),
  };
}

/** Text of a certificate's file. */
export function serializeCertificate(file: CertificateFile): string {
  return `${JSON.stringify(file, null, 2)}\n`;
}

/**
 * What the signature covers. The first line keeps it from being taken for a signature over anything else, or over a file
 * of another version.
 */
export function signedBytes(body: unknown, version: number = CERTIFICATE_VERSION): Buffer {
  return Buffer.from(`${CERTIFICATE_FORMAT}/${String(version)}\n${canonicalJson(body)}`);
}

export function fingerprintOf(publicKey: KeyObject): string {
  return sha256Hex(publicKey.export({ type: 'spki', format: 'der' }));
}

function readPrivateKey(keyFile: string): KeyObject {
  const pem = readOrMakePrivateFile(keyFile, () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  });
  let key: KeyObject | undefined;
  try {
    key = createPrivateKey(pem);
  } catch {
    key = undefined;
  }
  if (key?.asymmetricKeyType === 'ed25519') return key;
  throw new CaravanFailure('SECRET_KEY_INVALID', {
    attempted: 'sign with',
    on: keyFile,
    seen: 'it holds no Ed25519 private key as PEM',
    next: 'Put the key back, or move the file away and let Caravan make a new one.',
  });
}
