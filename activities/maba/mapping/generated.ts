import type { SourceEngine } from '../../../contracts/catalogue.js';
import type { Expression } from '../../../language/expressions.js';
import { mapExpression, nodesOf, parseExpression, printExpression } from '../../../language/expressions.js';
import { knownColumns } from './checks.js';
import type { DraftedColumn } from './column.js';
import { Translator } from './translate.js';
import type { TranslateContext } from './typed.js';
import { Untranslatable } from './typed.js';

export interface GeneratedDrafting {
  readonly engine: SourceEngine;
  readonly columns: readonly DraftedColumn[];
  /** By source name: in the primary key, or on either side of a foreign key. */
  readonly keyed: (source: string) => boolean;
}

/** By source name: the expression in the target's terms, or why the column stays a plain one. */
export type GeneratedAnswer = Expression | { readonly plain: string };

/**
 * Labels, whose text a person may change, and the other columns that the server reckons: PostgreSQL lets an expression
 * name none of them.
 */
function isSettled(expression: Expression, columns: readonly DraftedColumn[]): boolean {
  for (const node of nodesOf(expression)) {
    if (node.node !== 'cast' || node.operand.node !== 'column') continue;
    const { name } = node.operand;
    const cast = columns.find(({ mapping }) => mapping.target === name);
    if (cast?.mapping.kind === 'enum') return false;
  }
  return true;
}

/**
 * The generated columns of a table. One that reads another has that one's expression in its place, as the type of its
 * column, since PostgreSQL's cannot read each other.
 */
export function draftGenerated(drafting: GeneratedDrafting): ReadonlyMap<string, GeneratedAnswer> {
  const { engine, columns } = drafting;
  const known = columns.map(({ mapping, column: { collation } }) => ({
    mapping,
    ...(collation !== undefined && { collation }),
  }));
  const context = { engine, columns: knownColumns(known) };
  const answers = new Map<string, GeneratedAnswer>();
  for (const drafted of columns) {
    if (drafted.column.generated === undefined) continue;
    try {
      answers.set(drafted.column.name, translate(drafted, { ...drafting, context, answers }));
    } catch (error) {
      if (!(error instanceof Untranslatable)) throw error;
      answers.set(drafted.column.name, { plain: error.message });
    }
  }
  return answers;
}

function translate(
  { column, mapping, odd }: DraftedColumn,
  drafting: GeneratedDrafting & {
    readonly context: TranslateContext;
    readonly answers: ReadonlyMap<string, GeneratedAnswer>;
  },
): Expression {
  const { engine, columns, context, answers } = drafting;
  if (drafting.keyed(column.name)) throw new Untranslatable('it is part of a key');
  if (mapping.kind === 'enum') throw new Untranslatable('its values are labels');
  if (columns.some(({ isRewritten }) => isRewritten))
    throw new Untranslatable('the mapping file changes values of its table');
  if (odd > 0) throw new Untranslatable('some of its values have no faithful form');
  const parsed = parseExpression(column.generated?.expression ?? '', engine === 'sqlite' ? 'sqlite' : 'mysql');
  if (!parsed.ok) throw new Untranslatable(parsed.problem);
  const expression = new Translator(context).valueFor(mapping.kind, parsed.expression);
  if (!isSettled(expression, columns)) throw new Untranslatable('the text of a label, which may change');
  return mapExpression(expression, (node) => {
    if (node.node !== 'column') return node;
    const other = columns.find((candidate) => candidate.mapping.target === node.name);
    const inner = other && answers.get(other.column.name);
    if (!other || !inner) {
      if (other?.column.generated)
        throw new Untranslatable(`it reads ${other.column.name}, which is generated after it`);
      return node;
    }
    return 'plain' in inner ? node : { node: 'cast', operand: inner, type: other.mapping.type };
  });
}

export function generatedSql(answer: GeneratedAnswer | undefined): string | undefined {
  return answer === undefined || 'plain' in answer ? undefined : printExpression(answer);
}
