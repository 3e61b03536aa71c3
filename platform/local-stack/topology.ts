import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { packageFolder } from './package-folder.js';

const port = z.number().int().min(1).max(65_535).nullable();

const topologySchema = z.strictObject({
  namespace: z.string().min(1),
  ports: z.strictObject({ temporal: port, webUi: port, postgres: port, redis: port, api: port }),
  searchAttributes: z.record(
    z.string(),
    z.enum(['Keyword', 'Text', 'Int', 'Double', 'Bool', 'Datetime', 'KeywordList']),
  ),
  taskQueues: z.record(z.string(), z.string()),
  dynamicConfig: z.record(z.string(), z.union([z.number(), z.boolean(), z.string()])),
  sqlitePragmas: z.record(z.string(), z.string()),
});

/** The development topology of `temporal-dev.yaml`. */
export type Topology = z.infer<typeof topologySchema>;
export type SearchAttributes = Topology['searchAttributes'];
export type PortName = keyof Topology['ports'];

/** Reads and checks the topology; default the `temporal-dev.yaml` of this package. */
export function readTopology(path = join(packageFolder(), 'temporal-dev.yaml')): Topology {
  return topologySchema.parse(parse(readFileSync(path, 'utf8')));
}
