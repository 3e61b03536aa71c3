import type { Source } from '../../databases/source.js';
import type { MigrationRecord } from '../../platform/store/store.js';
import type { Deps } from '../deps.js';
import { cancellation } from './cancellation.js';
import { PacedSource } from './paced-source.js';

/** Opens a migration's source, within the limits that spare it. */
export async function openPacedSource(deps: Deps, { migrationId, input }: MigrationRecord): Promise<Source> {
  const open = async (): Promise<Source> => deps.openSource(await deps.store.connections.get(input.source));
  const { pace, end } = await deps.pacer.hold(migrationId, {
    throttles: deps.store.throttles,
    processId: deps.processId,
    look: () => lookAt(open),
    onShare: (strain) => {
      const type = strain.share < 1 ? 'source.strained' : 'source.relieved';
      deps.bus.publish({ type, migrationId, at: new Date().toISOString(), data: { ...strain } });
      deps.log.info({ event: type, migrationId, ...strain });
      deps.tellStrain(migrationId, strain);
    },
  });
  let lease: string | undefined;
  try {
    lease = await pace.take(1, cancellation());
    const source = await open();
    if (source.strain !== undefined) pace.watch();
    return new PacedSource({ source, pace, lease, end });
  } catch (error) {
    if (lease !== undefined) await pace.release(lease);
    end();
    throw error;
  }
}

async function lookAt(open: () => Promise<Source>) {
  const source = await open();
  try {
    return await source.strain?.();
  } finally {
    await source.close().catch(() => undefined);
  }
}
