import { join } from 'node:path';

/** Where a data folder keeps what must be the same for command and workers. */

/** The key that seals connections, quarantine and value ledger, where CARAVAN_SECRET_KEY is not set. */
export function secretKeyFile(home: string): string {
  return join(home, 'secret.key');
}

/** The Ed25519 private key that signs certificates. */
export function signingKeyFile(home: string): string {
  return join(home, 'certificate-key.pem');
}

/** Certificates, each with its evidence files beside it. */
export function certificatesFolder(home: string): string {
  return join(home, 'certificates');
}
