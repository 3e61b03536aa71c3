import { countText } from '../text-table.js';
import { html, join } from './html.js';
import type { Html } from './html.js';

type Cell = string | Html;

/** A table under a heading that counts its rows; nothing where it has none. */
export function section(title: string, head: readonly string[], rows: readonly (readonly Cell[])[]): Html {
  if (rows.length === 0) return html``;
  return html`<section>
    <h2>${title} <span class="count">${countText(rows.length)}</span></h2>
    ${table(head, rows)}
  </section>`;
}

export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): Html {
  const line = (cells: readonly Cell[]): Html =>
    html`<tr>
      ${join(cells.map((cell) => html`<td>${cell}</td>`))}
    </tr> `;
  return html`<table>
    <thead>
      <tr>
        ${join(head.map((cell) => html`<th>${cell}</th>`))}
      </tr>
    </thead>
    <tbody>
      ${join(rows.map(line))}
    </tbody>
  </table>`;
}

export function list(items: readonly Cell[]): Html {
  return html`<ul>
    ${join(items.map((item) => html`<li>${item}</li>`))}
  </ul>`;
}

export function card(title: string, value: string, notes: readonly Cell[]): Html {
  return html`<div class="card">
    <h2>${title}</h2>
    <p class="value">${value}</p>
    ${join(notes.map((note) => html`<p>${note}</p>`))}
  </div>`;
}
