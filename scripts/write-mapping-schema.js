// Writes docs/schema/mapping.schema.json from the schema of mapping files. `--check` writes nothing and fails on a difference.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { mappingFile } from '../dist/contracts/mapping-file.schema.js';

const path = fileURLToPath(new URL('../docs/schema/mapping.schema.json', import.meta.url));
const { $schema, ...schema } = z.toJSONSchema(mappingFile, { io: 'input', target: 'draft-2020-12' });
const text = `${JSON.stringify({ $schema, title: 'Mapping file of Caravan', ...schema }, null, 2)}\n`;

if (!process.argv.includes('--check')) writeFileSync(path, text);
else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
  console.error('docs/schema/mapping.schema.json differs from the schema of mapping files');
  process.exitCode = 1;
}
