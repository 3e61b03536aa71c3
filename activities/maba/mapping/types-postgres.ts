import type { NamedType, SourceType } from '../../../contracts/catalogue.js';
import { plainChoice } from './choice.js';
import type { ChosenType, TypeContext } from './choice.js';

/** SQL of a type as a plan from PostgreSQL names it: the server's own words, or a quoted name without a schema. */
export function nativeType({ declared, named }: SourceType): string {
  return named === undefined ? declared : namedType(named);
}

function namedType({ name, modifier, array }: NamedType): string {
  return `"${name.replaceAll('"', '""')}"${modifier}${array ? '[]' : ''}`;
}

/** Target type of a PostgreSQL column: the same one. */
export function choosePostgresType({ column }: TypeContext): ChosenType {
  const { type } = column;
  const refused = type.named?.refused;
  if (refused !== undefined) return { refused };
  return plainChoice(nativeType(type), 'native', { reasons: [`declared ${type.declared}`] });
}
