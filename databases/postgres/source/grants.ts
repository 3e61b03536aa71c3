import type { Catalogue } from '../../../contracts/catalogue.js';
import { qualified } from '../identifiers.js';
import type { CatalogueRows } from './catalogue-queries.js';

/**
 * PostgreSQL shows its catalogue to every login; what is hidden is where sequences stand. A table that the login may
 * not read is another matter: it is refused by name.
 */
export function hiddenFrom(rows: CatalogueRows, login: string): Catalogue['cannotSee'] {
  return rows.sequences
    .filter((row) => row['readable'] !== 't')
    .map((row) => {
      const name = qualified(row['schema'] ?? '', row['name'] ?? '');
      return { what: `the next value of the sequence ${name}`, mend: `GRANT SELECT ON SEQUENCE ${name} TO ${login}` };
    });
}
