import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { definitionTask, workflowDefinition } from '../../contracts/definition.schema.js';
import { patternTemplate } from '../../contracts/patterns.schema.js';
import { CEL_FUNCTIONS } from '../../language/expressions/cel/functions.js';
import { checkDefinition } from '../../language/definition.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(`${root}/docs/definition-language.md`, 'utf8');

describe('the page on the definition language', () => {
  it('has only examples that are valid', () => {
    const examples = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text ?? '');
    expect(examples).toHaveLength(5);
    const auction = patternTemplate.parse(JSON.parse(readFileSync(`${root}/examples/patterns/auction.json`, 'utf8')));
    const registered = new Map([['auction', auction]]);
    for (const example of examples) expect(checkDefinition(example, registered).problems).toEqual([]);
  });

  it('names every field and every function', () => {
    const names = [
      ...Object.keys(workflowDefinition.shape),
      ...Object.keys(definitionTask.shape),
      ...CEL_FUNCTIONS.keys(),
    ];
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });

  it('stands beside a JSON Schema that is the one definitions are read with', () => {
    const output = execFileSync(process.execPath, ['scripts/write-definition-schema.js', '--check'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(output).toBe('');
  });
});
