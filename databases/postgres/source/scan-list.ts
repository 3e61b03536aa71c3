import type { ColumnMapping } from '../../../contracts/mapping.js';
import { quoted } from '../identifiers.js';
import { nativeForm, nativeKey } from '../native-forms.js';

/** The proof's expression for a column of the source; what it says of the types is the plan's. */
export function scanExpression(column: ColumnMapping): string {
  return nativeForm(quoted(column.source), column.type);
}

/** A field of what tells rows apart, as COPY prints it. */
export function keyExpression(source: string): string {
  return nativeKey(quoted(source));
}
