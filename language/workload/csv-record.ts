/** Fields of one record; a quote in quotes is doubled. */
export function fieldsOf(record: string): string[] {
  const fields: string[] = [];
  for (let at = 0; at <= record.length;) {
    if (record.charAt(at) !== '"') {
      const end = record.indexOf(',', at);
      fields.push(record.slice(at, end < 0 ? record.length : end));
      at = end < 0 ? record.length + 1 : end + 1;
      continue;
    }
    let end = record.indexOf('"', at + 1);
    while (end >= 0 && record.charAt(end + 1) === '"') end = record.indexOf('"', end + 2);
    fields.push(record.slice(at + 1, end < 0 ? record.length : end).replaceAll('""', '"'));
    at = end < 0 ? record.length + 1 : end + 2;
  }
  return fields;
}

/** An odd number of them leaves a text open. */
export function quotesOf(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) count += 1;
  return count;
}
