import { escapeMarkup } from './markup.js';

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
      return all + (value === undefined ? '' : value instanceof Html ? value.text : escapeMarkup(value)) + part;
    }),
  );
}

export function join(parts: readonly Html[]): Html {
  return new Html(parts.map(({ text }) => text).join(''));
}

/** One page that needs nothing else: no script and no request. */
export function page(title: string, style: Html, body: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>${title}</title>
        <style>
          ${style}
        </style>
      </head>
      <body>
        ${body}
      </body>
    </html> `.text;
}
