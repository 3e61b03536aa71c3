import type { Rule, TextFormat } from './rules.js';

/** What people call them. */
export const FORMAT_NAMES: Readonly<Record<TextFormat, string>> = {
  email: 'an e-mail address',
  phone: 'a phone number',
  iban: 'an IBAN',
  postal_code: 'a postal code',
  json: 'JSON',
  url: 'a URL',
  uuid: 'a UUID',
};

/** What a rule says, behind "that": names, and no value. */
export function sentenceOf(rule: Pick<Rule, 'kind' | 'table' | 'columns' | 'parameters'>): string {
  const { table, columns } = rule;
  const [one = '', other = ''] = columns;
  switch (rule.kind) {
    case 'not_in_future':
      return `${table}.${one} is not in the future`;
    case 'not_negative':
      return `${table}.${one} is not negative`;
    case 'ordered':
      return `${table}.${one} is not greater than ${other}`;
    case 'one_of':
      return `${table}.${one} is one of the values that were found`;
    case 'format': {
      const { format } = rule.parameters as { readonly format: TextFormat };
      return `${table}.${one} is ${FORMAT_NAMES[format]}`;
    }
    case 'currency_with_amount':
      return `${table}.${other} names a currency wherever ${one} has an amount`;
    case 'unique_together':
      return `no two rows of ${table} share ${columns.join(' and ')}`;
    case 'sum_of_lines': {
      const { lines, amount } = rule.parameters as { readonly lines: string; readonly amount: readonly string[] };
      return `${table}.${one} is the sum of ${amount.join(' × ')} in ${lines}`;
    }
    case 'functional_dependency':
      return `${columns.slice(0, -1).join(' and ')} of ${table} decides ${columns.at(-1) ?? ''}`;
  }
}

/** Names of a source may hold anything; a comment has one line. */
function oneLine(text: string): string {
  return text.toWellFormed().replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]+/gu, ' ');
}

/** The rules that were found, as comments at the end of a plan: they are decided about elsewhere. */
export function rulesComment(rules: readonly Rule[]): string {
  if (rules.length === 0) return '';
  const head = [
    '# Business rules that were found in the source. None is enforced until it is accepted:',
    '# "caravan rules accept ID RULE", or "rules: accept: [RULE]" in a mapping file. What stands here changes nothing.',
  ];
  const lines = rules.map((rule) => {
    const { id, state, support, counterExamples, confidence } = rule;
    const seen = `${String(counterExamples)} of ${String(support)} rows break it; confidence ${confidence.toFixed(2)}`;
    return `# - ${id} (${state}): ${oneLine(sentenceOf(rule))}. ${seen}`;
  });
  return `${[...head, ...lines].join('\n')}\n`;
}
