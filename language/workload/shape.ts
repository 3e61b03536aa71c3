import { createHash } from 'node:crypto';
import type { Dialect, Piece } from './scan.js';
import { meaningful, nameOf, scan, unwrapped } from './scan.js';

/**
 * A statement without its literals: texts of one shape differ only in values. A list of values counts as one value,
 * and rows of an INSERT as one row, so that the number of them makes no new shape.
 */
export function shapeText(sql: string, dialect: Dialect): string {
  const pieces = meaningful(scan(dialect === 'mysql' ? unwrapped(sql) : sql, dialect));
  const words = pieces.map((piece) => said(piece)).filter((word) => word !== ';');
  return words
    .join(' ')
    .replaceAll(/(?<= [(=<>,] |^|[a-z] )[-+] \?/gu, '?')
    .replaceAll(/\? (?:, \? )+/gu, '? ')
    .replaceAll(/\( \.\.\. \)/gu, '( ? )')
    .replaceAll(/\( \? \)(?: , \( \? \))+/gu, '( ? )')
    .replaceAll(/ \/\* , \.\.\. \*\//gu, '');
}

function said(piece: Piece): string {
  switch (piece.kind) {
    case 'number':
    case 'string':
    case 'placeholder':
      return '?';
    case 'name':
      return nameOf(piece).toLowerCase();
    default:
      return piece.text.toLowerCase();
  }
}

export function shortHash(...texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(text).update('\0');
  return hash.digest('hex').slice(0, 16);
}
