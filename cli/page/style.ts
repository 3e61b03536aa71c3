import { Html } from './html.js';

/** Of pages for people: for screens, dark ones too, and for paper. */
export const STYLE = new Html(`
:root { color-scheme: light dark; --ink: #1b2430; --soft: #5a6675; --line: #d8dee6; --paper: #fff; --shade: #f4f6f9;
  --good: #12693a; --warn: #8a5a00; --bad: #a3222c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #9aa7b6; --line: #333d4a; --paper: #141a21;
  --shade: #1c242d; --good: #5fca8d; --warn: #e0b04f; --bad: #f08088; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 2rem 1.5rem 4rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 2rem; overflow-wrap: anywhere; }
h2 { margin: 2rem 0 .5rem; font-size: 1.15rem; }
h3 { margin: 1.5rem 0 .25rem; font-size: 1rem; overflow-wrap: anywhere; }
p { margin: .25rem 0; }
.kicker, .count, .arrow, .card p { color: var(--soft); }
.count { font-weight: normal; }
.verdict { margin-top: 1rem; padding: .6rem .9rem; border-left: 4px solid; background: var(--shade); font-weight: 600; }
.ready { border-color: var(--good); } .needs_people { border-color: var(--warn); } .blocked { border-color: var(--bad); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem; margin-top: 1.5rem; }
.card { padding: .9rem 1rem; border: 1px solid var(--line); border-radius: 6px; font-size: .87rem; }
.card h2 { margin: 0; font-size: .87rem; color: var(--soft); }
.card .value { margin-bottom: .4rem; font-size: 1.2rem; font-weight: 650; color: var(--ink); }
table { width: 100%; border-collapse: collapse; font-size: .87rem; }
th, td { padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top;
  overflow-wrap: anywhere; }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
code { overflow-wrap: anywhere; }
li { margin: .15rem 0; }
@media print {
  :root { --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --shade: #fff; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  thead { display: table-header-group; }
  tr, .card { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
}
`);
