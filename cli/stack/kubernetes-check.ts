import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

const kubeconfig = z.object({
  'current-context': z.string().min(1),
  contexts: z.array(z.object({ name: z.string(), context: z.object({ cluster: z.string() }) })),
  clusters: z.array(z.object({ name: z.string(), cluster: z.object({ server: z.url() }) })),
});

/** Whether the file that KUBERNETES_CONFIG_PATH names leads to a cluster. Reads the file; calls nobody. */
export function kubernetesCheck(path: string): { ok: boolean; seen: string; mend: string | null } {
  const bad = (seen: string): ReturnType<typeof kubernetesCheck> => ({
    ok: false,
    seen: `${path} ${seen}`,
    mend: 'Set KUBERNETES_CONFIG_PATH to a kubeconfig with a current context, or unset it.',
  });
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return bad(`cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
  const read = kubeconfig.safeParse(parsed(text));
  if (!read.success) return bad('is no kubeconfig with a current context');
  const { contexts, clusters, 'current-context': current } = read.data;
  const named = contexts.find(({ name }) => name === current)?.context.cluster;
  const server = clusters.find(({ name }) => name === named)?.cluster.server;
  if (server === undefined) return bad(`has no cluster for its current context ${JSON.stringify(current)}`);
  return { ok: true, seen: `context ${JSON.stringify(current)} at ${new URL(server).host}`, mend: null };
}

/** Undefined where the text is no YAML. */
function parsed(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
