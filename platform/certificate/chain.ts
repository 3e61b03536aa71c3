import { canonicalJson } from '../../contracts/canonical-json.js';
import { sha256Hex } from '../hash.js';

/** One file of evidence, as its bytes are: canonical JSON. */
export interface EvidenceFile {
  readonly name: string;
  readonly text: string;
}

/** A file of evidence in the chain. */
export interface EvidenceLink {
  readonly name: string;
  /** SHA-256 hex of the file's bytes. */
  readonly sha256: string;
  readonly bytes: number;
  /** Hash of the link before it; of the first one `CHAIN_START`. */
  readonly previous: string;
}

/** What the first link has before it. */
export const CHAIN_START = '0'.repeat(64);

/** Names of evidence files: they can leave no folder, and no two of them meet where case is folded. */
const NAME = /^[a-z0-9][a-z0-9.-]{0,99}\.json$/u;

/** SHA-256 hex of a link's canonical JSON: it covers the file and, by `previous`, every link before it. */
export function linkHash({ name, sha256, bytes, previous }: EvidenceLink): string {
  return sha256Hex(canonicalJson({ name, sha256, bytes, previous }));
}

/** The chain over the files in their order, and its head: the hash of the last link. */
export function chainOf(files: readonly EvidenceFile[]): { chain: EvidenceLink[]; chainHead: string } {
  const chain: EvidenceLink[] = [];
  let previous = CHAIN_START;
  for (const { name, text } of files) {
    const link = { name, sha256: sha256Hex(text), bytes: Buffer.byteLength(text), previous };
    chain.push(link);
    previous = linkHash(link);
  }
  return { chain, chainHead: previous };
}

/** What is wrong with a chain in itself, if anything is. */
export function chainFault(chain: readonly EvidenceLink[], head: string): string | undefined {
  let previous = CHAIN_START;
  const seen = new Set<string>();
  for (const link of chain) {
    const named = JSON.stringify(link.name);
    if (!NAME.test(link.name)) return `the chain names ${named}, which is no name of an evidence file`;
    if (seen.has(link.name)) return `the chain names ${named} twice`;
    if (link.previous !== previous) return `the chain is broken at ${named}: it does not follow the file before it`;
    seen.add(link.name);
    previous = linkHash(link);
  }
  return previous === head ? undefined : 'the chain does not end in chainHead';
}

/** Where evidence files lie. */
export interface EvidenceFolder {
  /** All names in it; undefined: there is no such folder. */
  names(): readonly string[] | undefined;
  /** The bytes of a file that has so many; undefined: it is not there. */
  read(name: string, bytes: number): Uint8Array | 'other size' | undefined;
}

/** The first file that is missing, was changed or is too many; undefined: all are as the chain says. */
export function evidenceFilesFault(chain: readonly EvidenceLink[], folder: EvidenceFolder): string | undefined {
  const names = folder.names();
  if (names === undefined) return 'evidence is missing: there is no folder of evidence files beside the certificate';
  for (const { name, sha256, bytes } of chain) {
    const found = folder.read(name, bytes);
    if (found === undefined) return `evidence is missing: ${name}`;
    if (found === 'other size') return `the evidence ${name} was changed: it has not the ${String(bytes)} bytes it had`;
    if (sha256Hex(found) !== sha256) return `the evidence ${name} was changed: its SHA-256 is not that of the chain`;
  }
  const known = new Set(chain.map(({ name }) => name));
  const extra = names.find((name) => !known.has(name));
  return extra === undefined ? undefined : `the evidence has a file that the chain does not name: ${extra}`;
}
