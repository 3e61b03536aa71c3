import type { CatalogueMadeType, CatalogueNeed, NamedType, SourceType } from '../../../contracts/catalogue.js';
import type { Row } from '../connect.js';
import type { CatalogueRows } from './catalogue-queries.js';
import { jsonList, needsOf, rowsBy } from './rows.js';

/** Types whose values mean something in this server only. */
const OF_THIS_SERVER =
  /^(?:reg[a-z]+|aclitem|cstring|pg_.*_list|pg_node_tree|pg_ndistinct|pg_dependencies|gtsvector|any[a-z]*|internal)$/;

function refusal(row: Row): string | undefined {
  const name = row['type_name'] ?? '';
  if (row['type_schema'] === 'pg_catalog') {
    return OF_THIS_SERVER.test(name) && name !== 'pg_lsn'
      ? `values of the type ${name} mean something in one server only`
      : undefined;
  }
  if (row['type_extension'] != null) return undefined;
  if (row['type_visible'] === 'f') return `the type ${row['declared'] ?? ''} stands behind another one of its name`;
  if (row['type_type'] === 'c' && row['type_relation'] !== 'c') return `its type is the row of the table ${name}`;
  if (row['type_type'] === 'e' || row['type_type'] === 'd' || row['type_type'] === 'c') return undefined;
  return `the type ${row['declared'] ?? ''} cannot be made in the target (yet)`;
}

/** The type that a row of columns, attributes or domains tells. */
export function typeOfRow(row: Row): SourceType {
  const declared = row['declared'] ?? '';
  const refused = refusal(row);
  const builtIn = row['type_schema'] === 'pg_catalog' && refused === undefined;
  const modifier = /\([^()]*\)/.exec(declared)?.[0] ?? '';
  const named: NamedType = {
    schema: row['type_schema'] ?? '',
    name: row['type_name'] ?? '',
    modifier,
    array: row['is_array'] === 't',
    ...(row['type_extension'] != null && { extension: row['type_extension'] }),
    ...(refused !== undefined && { refused }),
  };
  return { base: row['type_name'] ?? '', declared, ...(!builtIn && { named }) };
}

/** A collation that is not the type's own; one that somebody made has its schema in front. */
export function collationOfRow(row: Row): string | undefined {
  const { collation, collation_schema: schema } = row;
  if (collation == null) return undefined;
  return schema === 'pg_catalog' ? collation : `${schema ?? ''}.${collation}`;
}

function madeType(
  row: Row,
  rows: CatalogueRows,
  needs: (classes: string, oid: string) => CatalogueNeed[],
): CatalogueMadeType {
  const oid = row['oid'] ?? '';
  const base = { schema: row['schema'] ?? '', name: row['name'] ?? '' };
  const hidden = row['visible'] === 'f' ? { refused: 'it stands behind another type of its name' } : {};
  switch (row['kind']) {
    case 'e':
      return { ...base, labels: jsonList(row['labels']), needs: [], ...hidden };
    case 'c': {
      const attributes = rows.attributes
        .filter((attribute) => attribute['type_oid'] === oid)
        .map((attribute) => ({
          name: attribute['name'] ?? '',
          type: typeOfRow(attribute),
          ...withCollation(attribute),
        }));
      return { ...base, attributes, needs: [], ...hidden };
    }
    case 'd': {
      const checks = rows.domainChecks.filter((check) => check['type_oid'] === oid);
      const domain = {
        type: typeOfRow(row),
        ...withCollation(row),
        notNull: row['not_null'] === 't',
        ...(row['expression'] != null && { default: row['expression'] }),
        checks: checks.map((check) => ({
          name: check['name'] ?? '',
          expression: checkText(check['definition'] ?? ''),
          validated: check['validated'] === 't',
        })),
      };
      const all = [...needs('pg_type', oid), ...checks.flatMap((check) => needs('pg_constraint', check['oid'] ?? ''))];
      return { ...base, domain, needs: all.filter((need) => need.type === undefined), ...hidden };
    }
    default:
      return {
        ...base,
        needs: [],
        refused: "a range or a type of somebody's own code cannot be made in the target (yet)",
      };
  }
}

function withCollation(row: Row): { collation?: string } {
  const collation = collationOfRow(row);
  return collation === undefined ? {} : { collation };
}

/** "CHECK ((a > 0)) NO INHERIT" without what is around the expression. */
export function checkText(definition: string): string {
  return definition.replace(/^CHECK \(/, '').replace(/\)(?: NO INHERIT)?(?: NOT VALID)?(?: NOT ENFORCED)?$/, '');
}

/** In the order in which they can be made: what a type is made of comes before it. */
export function madeTypes(rows: CatalogueRows): CatalogueMadeType[] {
  const needs = rowsBy(rows.needs, (row) => `${(row['class'] ?? '').replace('pg_catalog.', '')} ${row['oid'] ?? ''}`);
  const all = rows.types.map((row) => madeType(row, rows, (kind, oid) => needsOf(needs.get(`${kind} ${oid}`))));
  const byName = new Map(all.map((type) => [`${type.schema}.${type.name}`, type]));
  const ordered = new Set<CatalogueMadeType>();
  const visit = (type: CatalogueMadeType, depth: number): void => {
    if (ordered.has(type) || depth > all.length) return;
    const parts = [...(type.domain ? [type.domain.type] : []), ...(type.attributes ?? []).map((each) => each.type)];
    for (const { named } of parts) {
      const below = named && byName.get(`${named.schema}.${named.name}`);
      if (below) visit(below, depth + 1);
    }
    ordered.add(type);
  };
  for (const type of all) visit(type, 0);
  return [...ordered];
}
