import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { CertifyComparison, FreezeEvidence, InPlan } from '../../contracts/activities.js';
import type { NotMigrated } from '../../contracts/mapping.js';
import type { ViewReport } from '../../contracts/migration.js';
import { buildBody, evidenceHash } from '../../platform/certificate/body.js';
import type { CertifiedTarget, Evidence } from '../../platform/certificate/body.js';
import { chainOf } from '../../platform/certificate/chain.js';
import { certificatePath, writeEvidence } from '../../platform/certificate/evidence-folder.js';
import { serializeCertificate } from '../../platform/certificate/signer.js';
import type { Signer } from '../../platform/certificate/signer.js';
import type { Deps } from '../deps.js';
import { openSourceOf, openTargetOf, planOf, recordOf, withEnd } from '../ends.js';
import { chunksOf, evidenceFiles } from './evidence-files.js';
import type { FrozenParts } from './evidence-files.js';

export interface CertificateOptions {
  readonly signer: Signer;
  /** Absolute folder of certificates. */
  readonly folder: string;
  readonly caravanVersion: string;
}

/** What was proven, frozen before the pivot: nothing after it can change what is signed. */
export async function freezeEvidence(deps: Deps, input: FreezeEvidence): Promise<{ evidenceHash: string }> {
  const { decision, decisions = [], again = false, ...found } = input;
  const { chunks, promoted } = await withEnd(openTargetOf(deps, input.migrationId), async (target) => {
    const record = again ? await target.promotionRecord() : undefined;
    return { chunks: await chunksOf(target.ledger), promoted: record !== undefined };
  });
  const evidence: Evidence = { ...(await evidenceOf(deps, found)), decision };
  // A promotion whose COMMIT got no answer was made with what was frozen before it.
  return { evidenceHash: evidenceHash(await freeze(deps, evidence, { decisions, chunks, again: again && !promoted })) };
}

/** The first that was frozen holds, with its files, unless it is said anew. */
async function freeze(
  deps: Deps,
  found: Evidence,
  parts: FrozenParts & { readonly again?: boolean },
): Promise<Evidence> {
  const files = await evidenceFiles(deps, found, parts);
  if (parts.again === true) await deps.store.migrations.forgetEvidence(found.migrationId);
  await deps.store.migrations.putEvidence(found.migrationId, { ...found, ...chainOf(files) }, files);
  return (await deps.store.migrations.evidence(found.migrationId)) as Evidence;
}

async function evidenceOf(deps: Deps, input: Omit<FreezeEvidence, 'decision'>): Promise<Evidence> {
  const { migrationId, planId, findings, proof } = input;
  const plan = await planOf(deps, planId);
  const { sourceEngine } = await recordOf(deps, migrationId);
  const { migration } = plan.document;
  const views = await deps.store.migrations.views(migrationId);
  const checks = await deps.store.migrations.checks(migrationId);
  const { serverVersion, database } = await withEnd(openSourceOf(deps, migrationId), (source) => source.catalogue());
  return {
    migrationId,
    planHash: plan.planHash,
    source: {
      engine: sourceEngine,
      version: serverVersion,
      database,
      position: proof.position,
      consistent: proof.consistent,
      detail: proof.detail,
    },
    ...(migration.mode && { mode: migration.mode }),
    tables: (await deps.store.migrations.tables(migrationId)).toSorted((a, b) => (a.source < b.source ? -1 : 1)),
    ...(views.length > 0 && { views }),
    ...(checks.length > 0 && { checks }),
    findings,
    notMigrated: [...migration.notMigrated, ...viewsLeft(views)],
    cannotSee: migration.cannotSee,
  };
}

/** Views of the plan that were not proven, and what could not be made: they are not in the target. */
export function viewsLeft(views: readonly ViewReport[]): NotMigrated[] {
  return views
    .filter(({ equal }) => !equal)
    .map(({ kind = 'view', source, reason }) => ({ kind, name: source, reason: reason ?? 'it was not proven' }));
}

/** Signs after the pivot; a second call writes the same evidence again. */
export async function signCertificate(
  deps: Deps,
  options: CertificateOptions,
  input: InPlan & { promotedAt: string; promotionLsn: string },
): Promise<{ path: string }> {
  const { migrationId, promotedAt, promotionLsn } = input;
  return sign(deps, options, { migrationId, moment: { promotedAt, lsn: promotionLsn } });
}

/** What was found of another tool's work: frozen and signed at once, for there is no pivot between. */
export async function certifyComparison(
  deps: Deps,
  options: CertificateOptions,
  { compared, structure, consistent, detail, ...input }: CertifyComparison,
): Promise<{ path: string }> {
  const { migrationId } = input;
  const { sourcePosition: position, targetPosition, at } = compared;
  const found = await evidenceOf(deps, { ...input, proof: { position, consistent, detail } });
  const evidence: Evidence = { ...found, comparison: { targetPosition, at, structure } };
  await freeze(deps, evidence, { decisions: [] });
  return sign(deps, options, { migrationId, moment: { comparedAt: at, lsn: targetPosition } });
}

interface Signing {
  readonly migrationId: string;
  readonly moment: Pick<CertifiedTarget, 'promotedAt' | 'comparedAt' | 'lsn'>;
}

async function sign(
  deps: Deps,
  options: CertificateOptions,
  { migrationId, moment }: Signing,
): Promise<{ path: string }> {
  const record = await recordOf(deps, migrationId);
  const { migrations } = deps.store;
  const evidence = (await migrations.evidence(migrationId)) as Evidence | undefined;
  if (evidence === undefined) throw new Error('no evidence was frozen');
  const target = { version: String(record.targetVersion ?? 'unknown'), schema: record.input.targetSchema, ...moment };
  const issuedAt = new Date().toISOString();
  const body = buildBody({ evidence, target, caravanVersion: options.caravanVersion, issuedAt });
  // Signed once: who comes again, after a loss, writes the same bytes.
  await migrations.putCertificate(migrationId, serializeCertificate(options.signer.signCertificate(body)));
  const text = (await migrations.certificate(migrationId)) ?? '';
  const path = certificatePath(options.folder, migrationId);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeEvidence(path, await migrations.evidenceFiles(migrationId));
  writeFileSync(`${path}.part`, text, { mode: 0o644 });
  renameSync(`${path}.part`, path);
  return { path };
}
