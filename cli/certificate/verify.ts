import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { CaravanFailure } from '../../contracts/failures.js';
import { findEvidence } from '../../platform/certificate/evidence-folder.js';
import { openSigner } from '../../platform/certificate/signer.js';
import { verifyCertificate } from '../../platform/certificate/verify.js';
import type { Verification } from '../../platform/certificate/verify.js';
import { certificatesFolder, signingKeyFile } from '../../platform/secrets/key-files.js';
import type { CliContext } from '../cli-context.js';

/** `caravan certificate verify`: needs nothing but the file and its evidence. Resolves with 0, 1 or 2. */
export function runCertificateVerify(context: CliContext, file: string, options: { key?: string }): number {
  const { exit, lines } = verified(context, file, options);
  for (const line of lines) (exit === 0 ? context.print : context.tell)(line);
  return exit;
}

/** Evidence files are looked for beside the file; see `findEvidence`. */
export function verified(context: CliContext, file: string, { key }: { key?: string | undefined }): Verification {
  const publicKeyPem = key === undefined ? undefined : read(context, key);
  return verifyCertificate(read(context, file), { publicKeyPem, folderOf: evidenceOf(context, file) });
}

export function evidenceOf({ config, cwd }: CliContext, file: string): ReturnType<typeof findEvidence> {
  return findEvidence(resolve(cwd, file), { home: certificatesFolder(config.home) });
}

/** `caravan certificate key`: the public key of this data folder's signer, to be given to whoever verifies. */
export function runCertificateKey({ config, print, tell }: CliContext): number {
  const { publicKeyPem, fingerprint } = openSigner({ keyFile: signingKeyFile(config.home) });
  print(publicKeyPem.trimEnd());
  tell(`fingerprint ${fingerprint}`);
  return 0;
}

function read({ cwd }: CliContext, path: string): string {
  const absolute = resolve(cwd, path);
  try {
    return readFileSync(absolute, 'utf8');
  } catch (error) {
    const seen = `the file cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`;
    throw new CaravanFailure('CERTIFICATE_UNREADABLE', { attempted: 'read', on: absolute, seen });
  }
}
