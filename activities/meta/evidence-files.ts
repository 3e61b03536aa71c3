import { canonicalJson } from '../../contracts/canonical-json.js';
import type { MadeDecision } from '../../contracts/decisions.js';
import type { EvidenceFile } from '../../platform/certificate/chain.js';
import type { Evidence } from '../../platform/certificate/body.js';
import { sha256Hex } from '../../platform/hash.js';
import type { Chunk, ChunkLedger } from '../../databases/target.js';
import type { Deps } from '../deps.js';

/** Chunks that are read at once. */
const CHUNKS = 5000;

/** How a table was cut and copied; where its chunks begin and end are keys, so that they stand in the hash alone. */
interface TableChunks {
  readonly table: string;
  readonly chunks: number;
  readonly rows: number;
  readonly bytes: number;
  /** SHA-256 hex of the canonical JSON of its chunks. */
  readonly hash: string;
}

export interface FrozenParts {
  readonly decisions: readonly MadeDecision[];
  /** Absent: nothing was copied. */
  readonly chunks?: readonly TableChunks[];
}

/** The files of evidence, in the order of their chain: names, counts and hashes; never a value or a key. */
export async function evidenceFiles(
  { store }: Pick<Deps, 'store'>,
  evidence: Evidence,
  { decisions, chunks }: FrozenParts,
): Promise<EvidenceFile[]> {
  const { migrationId, planHash, source, mode, comparison, views, checks = [] } = evidence;
  const { tables, findings, notMigrated, cannotSee } = evidence;
  const structure = comparison === undefined ? undefined : await store.migrations.structure(migrationId);
  const reports = checks.map(async ({ check }): Promise<EvidenceFile> => {
    const report = await store.migrations.checkReport(migrationId, check);
    return fileOf(`check-${check}.json`, report ?? null);
  });
  return [
    fileOf('states.json', { migrationId, planHash, source, mode: mode ?? null, comparison: comparison ?? null }),
    fileOf('tables.json', tables),
    ...(views === undefined ? [] : [fileOf('views.json', views)]),
    ...(structure === undefined ? [] : [fileOf('structure.json', structure.items)]),
    ...(await Promise.all(reports)),
    fileOf('findings.json', findings),
    fileOf('not-migrated.json', { notMigrated, cannotSee }),
    fileOf('decisions.json', decisions),
    ...(chunks === undefined ? [] : [fileOf('chunks.json', chunks)]),
  ];
}

function fileOf(name: string, value: unknown): EvidenceFile {
  return { name, text: canonicalJson(value) };
}

/** All chunks of the ledger, by table. */
export async function chunksOf(ledger: ChunkLedger): Promise<TableChunks[]> {
  const tables = new Map<string, Chunk[]>();
  for (let after: Chunk | undefined; ;) {
    const page = await ledger.chunks(after, CHUNKS);
    for (const chunk of page) {
      const chunks = tables.get(chunk.table);
      if (chunks === undefined) tables.set(chunk.table, [chunk]);
      else chunks.push(chunk);
    }
    after = page.at(-1);
    if (after === undefined) break;
  }
  return [...tables].map(([table, chunks]) => ({
    table,
    chunks: chunks.length,
    rows: chunks.reduce((sum, chunk) => sum + chunk.rows, 0),
    bytes: chunks.reduce((sum, chunk) => sum + chunk.bytes, 0),
    hash: sha256Hex(canonicalJson(chunks)),
  }));
}
