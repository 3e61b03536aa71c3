import type { Catalogue, CatalogueTable } from '../../contracts/catalogue.js';
import { qualified } from '../../contracts/catalogue.js';
import type { Question } from '../../contracts/migration.js';
import type { TableProfile } from '../../contracts/profile.js';
import type { Survey } from '../maba/mapping/choose-type.js';
import { chooseType, contextOf, surveyOf, typeQuestionId } from '../maba/mapping/choose-type.js';
import type { Given } from '../maba/mapping/given/given.js';
import { keyQuestionId, rowsWithoutKey } from '../maba/mapping/table.js';

/** A primary key that SQLite let be NULL in some rows. */
function keyQuestions(survey: Survey, table: CatalogueTable, deadline: string): Question[] {
  const rows = rowsWithoutKey(survey, table);
  if (rows === 0) return [];
  return [
    {
      id: keyQuestionId(table),
      text:
        `${String(rows)} rows of ${qualified(table)} hold NULL in the primary key, which PostgreSQL refuses. ` +
        `unique: make a unique key of it, every row stays; quarantine: keep the primary key, those rows stay out; ` +
        `fail: stop, to repair the source first.`,
      options: ['unique', 'quarantine', 'fail'],
      default: 'unique',
      deadline,
    },
  ];
}

/**
 * What only a person can decide, in the catalogue's order. Ids are the same in every run, so that an answer given to
 * one plan can be given to the next. `deadline` is ISO 8601.
 */
export function raiseQuestions(
  catalogue: Catalogue,
  profiles: readonly TableProfile[],
  deadline: string,
  given?: Given,
): Question[] {
  const survey = surveyOf(catalogue, profiles, {}, given?.columns);
  return catalogue.tables.flatMap((table) => {
    const types = table.columns.flatMap((column): Question[] => {
      const choice = chooseType(contextOf(survey, table, column));
      if ('refused' in choice || !choice.question) return [];
      const { text, options, default: fallback } = choice.question;
      const id = typeQuestionId(table, column.name);
      return [
        {
          id,
          text: `${qualified(table)}: ${text}`,
          options,
          deadline,
          ...(fallback !== undefined && { default: fallback }),
        },
      ];
    });
    return [...keyQuestions(survey, table, deadline), ...types];
  });
}
