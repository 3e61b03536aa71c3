import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { EvidenceFile, EvidenceFolder } from './chain.js';

/** The file of a migration's certificate in the folder of certificates. */
export function certificatePath(folder: string, migrationId: string): string {
  return join(folder, `${migrationId.replace(/[^\w.-]/gu, '_')}.json`);
}

/** The folder of evidence files that belongs to a certificate's file. */
export function evidencePath(certificate: string): string {
  return `${certificate.replace(/\.json$/u, '')}.evidence`;
}

/**
 * Evidence files of a certificate: beside it, under its own name or under that of its migration, else where they were
 * made on this machine (`home`). Whichever is there first: the chain decides whether they are the right ones.
 */
export function findEvidence(certificate: string, { home }: { readonly home: string }) {
  return (migrationId: string): EvidenceFolder => {
    const name = certificatePath('.', migrationId);
    const beside = [evidencePath(certificate), join(dirname(certificate), evidencePath(basename(name)))];
    const places = [...beside, evidencePath(join(home, name))];
    return folderAt(
      places.find((place) => statSync(place, { throwIfNoEntry: false })?.isDirectory()) ?? beside[0] ?? '',
    );
  };
}

function folderAt(path: string): EvidenceFolder {
  return {
    names: () => {
      try {
        return readdirSync(path).sort();
      } catch {
        return undefined;
      }
    },
    read: (name, bytes) => {
      try {
        const file = join(path, name);
        const { size } = statSync(file);
        // A file of another size need not be read to be refused.
        return size === bytes ? readFileSync(file) : 'other size';
      } catch {
        return undefined;
      }
    },
  };
}

/** Puts evidence files beside a certificate, all of them or none; a second call writes the same again. */
export function writeEvidence(certificate: string, files: readonly EvidenceFile[]): void {
  const path = evidencePath(certificate);
  const aside = `${path}.part`;
  rmSync(aside, { recursive: true, force: true });
  mkdirSync(aside, { recursive: true, mode: 0o755 });
  for (const { name, text } of files) writeFileSync(join(aside, name), text, { mode: 0o644 });
  // A folder cannot take the place of a full one in one step; the certificate is written after both.
  rmSync(path, { recursive: true, force: true });
  renameSync(aside, path);
}
