import { WORKFLOWS } from '../contracts/messages.js';
import { maintenanceStart } from '../platform/temporal/maintenance.js';
import type { MaintenanceRequest, MaintenanceResult } from '../platform/temporal/maintenance.js';
import type { Session } from './session.js';
import { patient } from './patience.js';

export async function maintain({ client }: Session, request: MaintenanceRequest): Promise<MaintenanceResult> {
  const start = maintenanceStart(request);
  const handle = await patient(() => client.workflow.start(WORKFLOWS.maintenance, start));
  return patient(() => handle.result() as Promise<MaintenanceResult>);
}
