import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ORCHESTRATION_PATTERNS } from '../../contracts/definition.js';
import { BUILT_IN_PATTERNS, patternTemplate } from '../../contracts/patterns.schema.js';
import { checkDefinition } from '../../language/definition.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const textOf = (path: string): string => readFileSync(`${root}/${path}`, 'utf8');
const auction = patternTemplate.parse(JSON.parse(textOf('examples/patterns/auction.json')));

describe('the pages on patterns', () => {
  it.each(ORCHESTRATION_PATTERNS)('tell of %s with a diagram, all its options, and its example', (pattern) => {
    const page = textOf(`docs/patterns/${pattern}.md`);
    expect(page).toContain('```mermaid\n');
    expect(page).toContain(`(../../examples/patterns/${pattern}.yaml)`);
    for (const option of Object.keys(BUILT_IN_PATTERNS[pattern].options.shape)) expect(page).toContain(`\`${option}\``);
    expect(textOf('docs/patterns/README.md')).toContain(`(${pattern}.md)`);
  });

  it('link to what is there', () => {
    for (const page of readdirSync(`${root}/docs/patterns`)) {
      const links = [...textOf(`docs/patterns/${page}`).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/gu)].map(
        ([, to = '']) => to,
      );
      expect(links.filter((to) => !existsSync(`${root}/docs/patterns/${to}`))).toEqual([]);
    }
  });
});

describe('the examples', () => {
  const files = [
    ...readdirSync(`${root}/examples/patterns`).map((name) => `patterns/${name}`),
    ...readdirSync(`${root}/examples`),
  ];

  it.each(files.filter((name) => name.endsWith('.yaml')))('%s is a valid definition of its pattern', (name) => {
    const { definition, problems } = checkDefinition(textOf(`examples/${name}`), new Map([['auction', auction]]));
    expect(problems).toEqual([]);
    if (name.startsWith('patterns/')) expect(name).toBe(`patterns/${definition?.orchestration_pattern ?? ''}.yaml`);
  });
});
