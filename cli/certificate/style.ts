import { Html } from '../page/html.js';

/** What the page of a certificate has beside the common style. */
export const CERTIFICATE_STYLE = new Html(`
.proven { border-color: var(--good); } .exceptions { border-color: var(--warn); } .differs { border-color: var(--bad); }
.statements { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 1.25rem; margin-top: 1.5rem;
  align-items: start; }
.statement { padding: .25rem 1.1rem .9rem; border: 1px solid var(--line); border-top: 4px solid var(--good);
  border-radius: 6px; }
.statement + .statement { border-top-color: var(--warn); }
.statement h2 { margin-top: .75rem; }
.statement ul { margin: .5rem 0; padding-left: 1.2rem; }
.statement li, .how { overflow-wrap: anywhere; }
.how { color: var(--soft); font-size: .87rem; }
.mark { font-weight: 600; } .good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); }
.figures span { margin-right: 1.5rem; white-space: nowrap; } .figures b { font-size: 1.1rem; }
table { font-variant-numeric: tabular-nums; }
td code { font-size: .92em; }
@page { size: A4; margin: 16mm 14mm; }
@media print {
  .statements { display: block; }
  .statement { margin-bottom: 1rem; border: 0; padding: 0; }
  table { font-size: 8.5pt; }
  .mark.bad::before { content: "✗ "; }
}
`);
