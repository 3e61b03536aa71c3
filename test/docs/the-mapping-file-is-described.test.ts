import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { mappingFile } from '../../contracts/mapping-file.schema.js';
import { ODD_CAUSES, TEXT_STEPS } from '../../contracts/mapping.js';
import { parseMapping } from '../../language/mapping-file.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(`${root}/docs/mapping-file.md`, 'utf8');

describe('the page on the mapping file', () => {
  it('has only examples that are valid, and so is the file beside it', () => {
    const examples = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text ?? '');
    expect(examples).toHaveLength(1);
    const shop = readFileSync(`${root}/examples/mapping/shop.yaml`, 'utf8');
    for (const example of [...examples, shop]) expect(parseMapping(example).file.caravan_mapping).toBe(1);
    const parts = Object.keys(mappingFile.shape);
    expect(Object.keys(parseMapping(shop).file).sort()).toEqual(parts.sort());
  });

  it('names every part, cause and step', () => {
    const parts = Object.keys(mappingFile.shape).filter((part) => part !== 'caravan_mapping');
    const names = [...parts, ...ODD_CAUSES, ...TEXT_STEPS.filter((step) => step !== 'replace')];
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });

  it('stands beside a JSON Schema that is the one mapping files are read with', () => {
    const output = execFileSync(process.execPath, ['scripts/write-mapping-schema.js', '--check'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(output).toBe('');
  });
});
