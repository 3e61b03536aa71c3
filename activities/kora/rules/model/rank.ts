import { confidenceOf, ruleId } from '../candidate.js';
import type { Candidate, Supported } from '../candidate.js';
import { supported } from '../mine.js';
import type { Mining } from '../mine.js';
import type { Sample } from '../sample.js';
import { columnsOf, signatureOf } from '../signature.js';
import { modelAnswer, plainSentence } from './schema.js';
import type { ModelProposal } from './schema.js';

/** Asks a model once. Its answer is anybody's: it is read by a schema, and believed in nothing that data can tell. */
export type RuleModel = (question: ModelQuestion, signal: AbortSignal) => Promise<unknown>;

/** What a model is told: names, types and counts. No text of a row has a way into it. */
export interface ModelQuestion {
  readonly tables: readonly {
    readonly table: string;
    readonly columns: readonly { readonly column: string; readonly type: string; readonly class: string }[];
  }[];
  readonly candidates: readonly {
    readonly id: string;
    readonly kind: string;
    readonly table: string;
    readonly columns: readonly string[];
    readonly rows: number;
    readonly broken: number;
    readonly confidence: number;
  }[];
}

/** Tables, columns and candidates that a question has room for. */
const TABLES_MAX = 60;
const COLUMNS_MAX = 60;
const CANDIDATES_MAX = 100;
const NAME_MAX = 100;

interface Asking {
  readonly signal: AbortSignal;
  readonly log: { warn(event: Readonly<Record<string, unknown>>): void };
}

/**
 * The candidates in the order that a model gives them, with its names for them; and what it proposes, as far as the data
 * supports it. Without a model, or when it does not answer as it must, they are what they were.
 */
export async function ranked(
  model: RuleModel | null,
  found: readonly Supported[],
  mining: Mining,
  { signal, log }: Asking,
): Promise<readonly Supported[]> {
  if (model === null) return found;
  let answer;
  try {
    answer = modelAnswer.safeParse(await model(questionOf(found, mining), signal));
  } catch (error) {
    if (signal.aborted) throw error;
    // What a stranger's server says is in no line of our log.
    log.warn({ event: 'rules.model_failed' });
    return found;
  }
  if (!answer.success) {
    log.warn({ event: 'rules.model_misfit' });
    return found;
  }
  const more = await supported(
    answer.data.proposed.flatMap((one) => candidateOf(one, mining) ?? []),
    mining,
  );
  const all = new Map([...found, ...more.filter((one) => !isKnown(one, found))].map((one) => [ruleId(one), one]));
  const first = answer.data.ranked.flatMap(({ id, why }): Supported[] => {
    const one = all.get(id);
    if (one === undefined) return [];
    all.delete(id);
    const said = plainSentence(why);
    return [said === '' ? one : { ...one, why: said }];
  });
  return [...first, ...all.values()];
}

function isKnown(one: Supported, found: readonly Supported[]): boolean {
  return found.some((known) => ruleId(known) === ruleId(one));
}

function questionOf(found: readonly Supported[], { samples }: Mining): ModelQuestion {
  const cut = (text: string): string => text.slice(0, NAME_MAX);
  return {
    tables: [...samples.values()].slice(0, TABLES_MAX).map(({ name, columns }) => ({
      table: cut(name),
      columns: columns
        .slice(0, COLUMNS_MAX)
        .map((column) => ({ column: cut(column.name), type: cut(column.mapping.type), class: column.class })),
    })),
    candidates: found.slice(0, CANDIDATES_MAX).map((one) => ({
      id: ruleId(one),
      kind: one.kind,
      table: cut(one.table),
      columns: one.columns.map(cut),
      rows: one.rows,
      broken: one.broken,
      confidence: confidenceOf(one),
    })),
  };
}

/** What speaks for a model's word alone: as much as for a name that says nothing. */
const MODEL_EVIDENCE = 0.8;
const CLASSES: Readonly<Record<ModelProposal['kind'], readonly (readonly Sample['columns'][number]['class'][])[]>> = {
  not_in_future: [['time']],
  not_negative: [['number']],
  ordered: [
    ['time', 'time'],
    ['number', 'number'],
  ],
  format: [['text']],
  currency_with_amount: [['number', 'text']],
  unique_together: [],
  functional_dependency: [],
};

/** A candidate of columns that are there, and of their kinds; undefined else. */
function candidateOf({ kind, table, columns, format, why }: ModelProposal, { samples }: Mining): Candidate | undefined {
  const sample = samples.get(table);
  const found = sample === undefined ? [] : columnsOf(sample, columns);
  if (found.length !== columns.length || new Set(columns).size !== columns.length) return undefined;
  const classes = CLASSES[kind];
  const fits = classes.length === 0 || classes.some((wanted) => wanted.join() === found.map((one) => one.class).join());
  if (!fits || (kind === 'format') !== (format !== null)) return undefined;
  if (kind === 'functional_dependency' && columns.length < 2) return undefined;
  const parameters: Candidate['parameters'] = format === null ? {} : { format };
  const signature = signatureOf(kind, found, format ?? '');
  const said = plainSentence(why);
  const words = said === '' ? 'A model proposed it.' : said;
  return { kind, table, columns, parameters, evidence: MODEL_EVIDENCE, why: words, signature, origin: 'model' };
}
