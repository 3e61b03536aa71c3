/**
 * The first member name that stands twice in one object of a JSON text, if any. Readers differ in which of the two
 * they take, so a text with one says different things to different readers while its signature still fits.
 * The text must be valid JSON.
 */
export function firstDuplicateName(json: string): string | undefined {
  const names: (Set<string> | undefined)[] = [];
  let lastText: string | undefined;
  for (const [token] of json.matchAll(/"[^"\\]*(?:\\[^][^"\\]*)*"|[{}[\]:,]/gu)) {
    if (token === '{') names.push(new Set());
    else if (token === '[') names.push(undefined);
    else if (token === '}' || token === ']') names.pop();
    else if (token === ':' && lastText !== undefined) {
      const name = JSON.parse(lastText) as string;
      const seen = names.at(-1);
      if (seen?.has(name) === true) return name;
      seen?.add(name);
    }
    lastText = token.startsWith('"') ? token : undefined;
  }
  return undefined;
}
