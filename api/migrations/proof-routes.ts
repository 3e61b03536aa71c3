import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { CaravanFailure } from '../../contracts/failures.js';
import type { EvidenceLink } from '../../platform/certificate/chain.js';
import { evidencePath } from '../../platform/certificate/evidence-folder.js';
import type { Api, ApiParts } from '../http/api.js';
import { problems } from '../http/problems.js';
import { requireKnown } from './handle.js';
import * as schemas from './schemas.js';

const base = '/api/v1/migrations/:id';
const config = { action: 'read' } as const;
const tags = ['migrations'];
const response = problems(404, 409);

const evidence = z.strictObject({
  chain_head: z.string().nullable(),
  files: z.array(z.strictObject({ name: z.string(), bytes: z.int(), sha256: z.string() })),
});
const evidenceParams = z.strictObject({ id: schemas.params.shape.id, name: z.string().min(1).max(105) });
const evidenceFile = z.unknown().describe('The file byte by byte, so that its SHA-256 is that of the chain.');

/** The certificate, and the files of evidence that it names. */
export function proofRoutes(api: Api, parts: ApiParts): void {
  api.get(
    `${base}/certificate`,
    {
      config,
      schema: {
        operationId: 'getCertificate',
        tags,
        summary: 'What was proven, signed',
        params: schemas.params,
        response: { 200: schemas.certificate, ...response },
      },
    },
    async ({ params: { id } }) => (await certificateOf(parts, id)).document,
  );
  api.get(
    `${base}/evidence`,
    {
      config,
      schema: {
        operationId: 'listEvidence',
        tags,
        summary: 'Files of evidence that its certificate names',
        params: schemas.params,
        response: { 200: evidence, ...response },
      },
    },
    async ({ params: { id } }) => {
      const { chain, head } = await certificateOf(parts, id);
      return { chain_head: head, files: chain.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 })) };
    },
  );
  api.get(
    `${base}/evidence/:name`,
    {
      config,
      schema: {
        operationId: 'getEvidence',
        tags,
        summary: 'One file of evidence',
        params: evidenceParams,
        response: { 200: evidenceFile, ...response },
      },
    },
    async ({ params: { id, name } }, reply) => {
      const { chain, path } = await certificateOf(parts, id);
      // Only names of the chain: none of them leads out of the folder.
      if (!chain.some((link) => link.name === name)) {
        throw new CaravanFailure('MIGRATION_UNKNOWN', {
          attempted: 'read the evidence of',
          on: id,
          seen: 'its certificate names no such file',
          next: 'List its evidence.',
        });
      }
      return reply.type('application/json').send(await readOr(join(evidencePath(path), name), id));
    },
  );
}

interface Certified {
  readonly path: string;
  readonly document: Record<string, unknown>;
  readonly chain: readonly EvidenceLink[];
  readonly head: string | null;
}

async function certificateOf(parts: ApiParts, id: string): Promise<Certified> {
  await requireKnown(parts, id);
  const file = (await parts.store.migrations.report(id))?.certificate ?? null;
  if (file === null) throw notYet(id, 'there is none');
  const path = join(parts.certificates, basename(file));
  const document = JSON.parse((await readOr(path, id)).toString('utf8')) as Record<string, unknown>;
  const { chain = [], chainHead = null } = (document['certificate'] ?? {}) as {
    readonly chain?: readonly EvidenceLink[];
    readonly chainHead?: string;
  };
  return { path, document, chain, head: chainHead };
}

async function readOr(path: string, id: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch {
    throw notYet(id, 'its file is on another machine, where the workers run');
  }
}

function notYet(id: string, seen: string): CaravanFailure {
  return new CaravanFailure('NOT_NOW', {
    attempted: 'read the certificate of',
    on: id,
    seen,
    next: 'Look at its status.',
  });
}
