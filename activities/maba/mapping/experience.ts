import type { CatalogueColumn, CatalogueTable, SourceEngine } from '../../../contracts/catalogue.js';
import type { Meaning, TableProfile } from '../../../contracts/profile.js';
import type { LearningFact } from '../../../platform/store/store.js';
import type { TypeChoice } from './choice.js';
import { mappingSignature, throughputShape } from './signatures.js';

const CHUNK_SECONDS = 2;
const CHUNK_BYTES = 64 * 1024 * 1024;
const CHUNK_ROWS = 250_000;
const CHUNK_ROWS_MIN = 1_000;
const CHUNK_ROWS_MAX = 250_000;
const PAGES_TELL_ROWS = 1_000;

interface Judged {
  readonly confidence: number;
  readonly reasons: readonly string[];
}

/** What earlier migrations taught, looked up by signature. */
export class Experience {
  readonly #mappings = new Map<string, { held: number; lost: number }>();
  readonly #throughput = new Map<string, { rows: number; seconds: number }>();

  constructor(facts: readonly LearningFact[]) {
    for (const { kind, signature, numbers } of facts) {
      if (kind === 'mapping') {
        const known = this.#mappings.get(signature) ?? { held: 0, lost: 0 };
        const { held = 0, lost = 0 } = numbers;
        known.held += held;
        known.lost += lost;
        this.#mappings.set(signature, known);
      } else if (kind === 'throughput') {
        const known = this.#throughput.get(signature) ?? { rows: 0, seconds: 0 };
        const { rows = 0, seconds = 0 } = numbers;
        known.rows += rows;
        known.seconds += seconds;
        this.#throughput.set(signature, known);
      }
    }
  }

  /** Confidence in a choice, and why: type and fingerprint said theirs; name and experience add to it. */
  judge(
    engine: SourceEngine,
    {
      column,
      choice,
      meaning,
    }: { readonly column: CatalogueColumn; readonly choice: TypeChoice; readonly meaning?: Meaning },
  ): Judged {
    let { confidence } = choice;
    const reasons: string[] = [];
    const name = meaning?.meaning ?? 'unknown';
    if (meaning && meaning.meaning !== 'unknown') {
      reasons.push(`taken for: ${meaning.meaning} (${meaning.reasons.join('; ')})`);
      if (agrees(meaning.meaning, choice.kind)) confidence += (1 - confidence) * 0.3 * meaning.confidence;
    }
    const known = this.#mappings.get(
      mappingSignature(engine, { declared: column.type.declared, meaning: name, target: choice.type || 'enum' }),
    );
    if (known && known.held > 0) {
      reasons.push(`held in ${String(known.held)} earlier ${known.held === 1 ? 'migration' : 'migrations'}`);
      confidence += (1 - confidence) * (known.held / (known.held + known.lost + 1));
    }
    if (known && known.lost > 0) {
      reasons.push(`did not hold in ${String(known.lost)} earlier ${known.lost === 1 ? 'migration' : 'migrations'}`);
      confidence *= (known.held + 1) / (known.held + known.lost + 1);
    }
    return { confidence: Math.round(Math.min(1, confidence) * 1000) / 1000, reasons };
  }

  /** Rows per second of tables like this one; undefined without experience. */
  rowsPerSecond(engine: SourceEngine, columns: number, bytesPerRow: number): number | undefined {
    const known = this.#throughput.get(throughputShape(engine, columns, bytesPerRow));
    return known && known.rows > 0 && known.seconds > 0 ? known.rows / known.seconds : undefined;
  }

  /** Rows of a chunk: a few seconds of work where that is known, else what its bytes allow. */
  chunkRows(engine: SourceEngine, table: CatalogueTable, profile: TableProfile | undefined): number {
    const bytes = bytesPerRow(table, profile);
    const learned = this.rowsPerSecond(engine, table.columns.length, bytes);
    const byBytes = Math.floor(CHUNK_BYTES / bytes);
    const wanted =
      learned === undefined ? Math.min(CHUNK_ROWS, byBytes) : Math.min(learned * CHUNK_SECONDS, byBytes * 2);
    return Math.round(Math.min(CHUNK_ROWS_MAX, Math.max(CHUNK_ROWS_MIN, wanted)));
  }
}

const KINDS: Readonly<Partial<Record<Meaning['meaning'], readonly TypeChoice['kind'][]>>> = {
  flag: ['boolean'],
  timestamp: ['timestamp', 'timestamptz'],
  date: ['date'],
  json: ['json'],
  money: ['decimal'],
  email: ['text'],
  url: ['text'],
  phone: ['text'],
  'free text': ['text'],
  category: ['text', 'enum'],
  'personal data': ['text'],
  binary: ['bytes'],
  number: ['integer', 'decimal', 'float8', 'float4'],
  key: ['integer', 'uuid'],
};

function agrees(meaning: Meaning['meaning'], kind: TypeChoice['kind']): boolean {
  return KINDS[meaning]?.includes(kind) ?? false;
}

/** Bytes of a row: the catalogue's where it tells, else from the fingerprint's lengths. */
export function bytesPerRow(table: CatalogueTable, profile: TableProfile | undefined): number {
  const rows = profile?.exact === true ? profile.rows : table.estimatedRows;
  // Of a small table the catalogue counts whole pages.
  if (table.estimatedBytes > 0 && rows >= PAGES_TELL_ROWS) return Math.max(1, Math.round(table.estimatedBytes / rows));
  const known = new Map(profile?.columns.map((column) => [column.column, column.averageLength]));
  return table.columns.reduce((sum, column) => sum + Math.ceil(known.get(column.name) ?? 8), 0);
}
