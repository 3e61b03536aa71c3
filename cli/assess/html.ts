/** Markup: made by `html` alone, so that a text that was not escaped cannot come into it. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Template of markup. Texts in it are escaped; markup in it stays. */
export function html(parts: TemplateStringsArray, ...given: readonly (string | Html)[]): Html {
  return new Html(
    parts.reduce((all, part, at) => {
      const value = given[at - 1];
      return all + (value === undefined ? '' : value instanceof Html ? value.text : escaped(value)) + part;
    }),
  );
}

export function join(parts: readonly Html[]): Html {
  return new Html(parts.map(({ text }) => text).join(''));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Control characters, and those that turn the direction of text, become a mark of replacement. */
function escaped(text: string): string {
  return text
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')
    .replace(/[&<>"']/gu, (character) => ENTITIES[character] ?? character);
}
