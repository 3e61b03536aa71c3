/** "billingCustomerID" → billing, customer, id. */
export function wordsOf(name: string): string[] {
  return name
    .replace(/(\p{Ll}|\d)(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

/** Words for what a key is, at the end of a column's name. */
const KEY_WORDS = new Set(['id', 'uuid', 'guid', 'key', 'code', 'no', 'nr', 'number', 'ref', 'fk']);

/** What a column's name says that it refers to: its words without "fk" in front and "id" at the end. */
export function subjectOf(column: string): string[] {
  const words = wordsOf(column);
  while (words.length > 1 && (words[0] === 'fk' || words[0] === 'id')) words.shift();
  while (words.length > 1 && KEY_WORDS.has(words.at(-1) ?? '')) words.pop();
  return words;
}

export function saysKey(column: string): boolean {
  const words = wordsOf(column);
  return words.length > 1 && (KEY_WORDS.has(words.at(-1) ?? '') || words[0] === 'fk' || words[0] === 'id');
}

/** "categories" and "category" are one word. */
export function isSameWord(one: string, other: string): boolean {
  return one === other || singular(one) === singular(other);
}

function singular(word: string): string {
  if (/[^aeiou]ies$/.test(word)) return `${word.slice(0, -3)}y`;
  if (/(?:s|x|z|ch|sh)es$/.test(word)) return word.slice(0, -2);
  return /[^s]s$/.test(word) ? word.slice(0, -1) : word;
}
