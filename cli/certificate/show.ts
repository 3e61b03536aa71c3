import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { CaravanFailure } from '../../contracts/failures.js';
import type { CliContext } from '../cli-context.js';
import { certificateLines } from './lines.js';
import { certificatePage } from './page.js';
import { shownOf } from './shown.js';
import type { ShownCertificate } from './shown.js';
import { evidenceOf, verified } from './verify.js';

export interface ShowOptions {
  /** Where a page is written. */
  readonly html?: string;
  readonly key?: string;
}

/** `caravan certificate show`: what a valid certificate says; of one that is not valid, only why. */
export function runCertificateShow(context: CliContext, file: string, { html, key }: ShowOptions): number {
  const { exit, lines, checked } = verified(context, file, { key });
  if (checked === undefined) {
    for (const line of lines) context.tell(line);
    return exit;
  }
  const shown = shownOf(checked, evidenceOf(context, file)(checked.content.migrationId));
  if (html === undefined) for (const line of certificateLines(shown)) context.print(line);
  else {
    const path = resolve(context.cwd, html);
    writePage(path, shown, file);
    context.tell(`the certificate as a page: ${path}`);
  }
  return exit;
}

/** Beside a certificate that was just made, where it lies on this machine; the certificate alone is what counts. */
export function tellPage(context: CliContext, certificate: string | null): void {
  if (certificate === null || !existsSync(certificate)) return;
  const page = certificate.replace(/\.json$/u, '.html');
  try {
    const { checked } = verified(context, certificate, {});
    if (checked === undefined) return;
    writePage(page, shownOf(checked, evidenceOf(context, certificate)(checked.content.migrationId)), certificate);
    context.tell(`the certificate as a page: ${page}`);
  } catch {
    context.tell(`no page was written beside the certificate: caravan certificate show ${certificate} --html FILE`);
  }
}

function writePage(path: string, shown: ShownCertificate, certificate: string): void {
  try {
    writeFileSync(`${path}.part`, certificatePage(shown, basename(certificate)));
    renameSync(`${path}.part`, path);
  } catch (error) {
    const seen = `the system says ${(error as NodeJS.ErrnoException).code ?? 'no'}`;
    throw new CaravanFailure('USAGE', { attempted: 'write', on: path, seen, next: 'Name another --html.' }, error);
  }
}
