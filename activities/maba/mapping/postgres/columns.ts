import type { CatalogueColumn, CatalogueTable } from '../../../../contracts/catalogue.js';
import type { ColumnMapping } from '../../../../contracts/mapping.js';
import { AS_IS } from '../choice.js';
import { columnPath } from '../choose-type.js';
import type { Notes } from '../notes.js';
import { nativeType } from '../types-postgres.js';
import type { Needs } from './needs.js';
import type { Sequences } from './sequences.js';
import { optionsOf } from './sequences.js';

export interface PostgresDrafting {
  readonly needs: Needs;
  readonly sequences: Sequences;
  readonly notes: Notes;
}

/** A column as it is; undefined, and refused in the notes, where something that it needs is not there. */
export function draftNativeColumn(
  { needs, sequences, notes }: PostgresDrafting,
  table: CatalogueTable,
  column: CatalogueColumn,
): ColumnMapping | undefined {
  const path = columnPath(table, column.name);
  const { generated } = column;
  const given = column.default?.kind === 'expression' ? column.default : undefined;
  const refused =
    needs.refusesType(column.type, column.collation) ??
    needs.lacks(generated?.needs) ??
    needs.lacks(given?.needs) ??
    (given && sequences.lacks(given.text));
  if (refused !== undefined) {
    notes.refuse(path, refused);
    return undefined;
  }
  if (generated?.stored === false) notes.leave('virtual column', path, 'the target stores its values');
  const { identity } = column;
  return {
    source: column.name,
    target: column.name,
    type: nativeType(column.type),
    kind: 'native',
    sourceNullable: column.nullable,
    nullable: column.nullable,
    transform: [...AS_IS],
    limits: {},
    ...(given && { default: given.text }),
    ...(generated && { generated: generated.expression }),
    ...(identity && {
      identity: {
        next: identity.sequence.next,
        always: identity.always,
        sequence: { name: identity.sequence.name, ...optionsOf(identity.sequence) },
      },
    }),
    ...(column.collation !== undefined && { collation: column.collation }),
    onInvalid: 'quarantine',
    ...(column.comment !== undefined && { comment: column.comment }),
    confidence: 1,
    reasons: [`declared ${column.type.declared}`, ...(generated ? ['computed in the target, and proven'] : [])],
  };
}
