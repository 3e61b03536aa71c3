// Writes docs/schema/workflow.schema.json from the schema of definitions. `--check` writes nothing and fails on a difference.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { definitionDocument } from '../dist/contracts/definition.schema.js';

const path = fileURLToPath(new URL('../docs/schema/workflow.schema.json', import.meta.url));
const { $schema, ...schema } = z.toJSONSchema(definitionDocument, { io: 'input', target: 'draft-2020-12' });
const text = `${JSON.stringify({ $schema, title: 'Workflow definition of Caravan', ...schema }, null, 2)}\n`;

if (process.argv.includes('--check')) {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) process.exit(0);
  console.error('docs/schema/workflow.schema.json differs from the schema of definitions');
  process.exit(1);
}
mkdirSync(dirname(path), { recursive: true });
writeFileSync(path, text);
