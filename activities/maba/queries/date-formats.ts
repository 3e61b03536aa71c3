import { fail } from './typed.js';

/** DATE_FORMAT of MySQL to to_char; a quoted text is taken as it is. */
const MYSQL: Readonly<Record<string, string>> = {
  Y: 'YYYY',
  y: 'YY',
  m: 'MM',
  c: 'FMMM',
  d: 'DD',
  e: 'FMDD',
  H: 'HH24',
  k: 'FMHH24',
  h: 'HH12',
  I: 'HH12',
  l: 'FMHH12',
  i: 'MI',
  s: 'SS',
  S: 'SS',
  f: 'US',
  p: 'AM',
  j: 'DDD',
  M: 'FMMonth',
  b: 'Mon',
  W: 'FMDay',
  a: 'Dy',
  T: 'HH24:MI:SS',
  r: 'HH12:MI:SS AM',
  D: 'FMDDth',
  v: 'IW',
  x: 'IYYY',
};

/** strftime of SQLite to to_char. */
const SQLITE: Readonly<Record<string, string>> = {
  Y: 'YYYY',
  m: 'MM',
  d: 'DD',
  H: 'HH24',
  M: 'MI',
  S: 'SS',
  j: 'DDD',
  F: 'YYYY-MM-DD',
  T: 'HH24:MI:SS',
};

/** A format of the source as one of PostgreSQL's to_char. */
export function toCharFormat(format: string, engine: 'mysql' | 'sqlite'): string {
  const known = engine === 'mysql' ? MYSQL : SQLITE;
  let made = '';
  for (let at = 0; at < format.length; at += 1) {
    const character = format.charAt(at);
    if (character !== '%') {
      made += /[A-Za-z"]/.test(character) ? `"${character.replace('"', '\\"')}"` : character;
      continue;
    }
    at += 1;
    const letter = format.charAt(at);
    made += letter === '%' ? '%' : (known[letter] ?? fail(`the date format "%${letter}"`));
  }
  return made;
}
