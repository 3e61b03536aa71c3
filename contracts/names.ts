/**
 * Names that a migration makes in the target, each from one function. `hash` is 12 lower-case hex digits of
 * SHA-256 over workflow id and first run id (see platform/hash.ts).
 */
export function shadowSchema(hash: string): string {
  return `caravan_${hash}`;
}
export function sidecarSchema(hash: string): string {
  return `caravan_${hash}_meta`;
}
export function oldSchema(hash: string): string {
  return `caravan_old_${hash}`;
}
/** `targetHash` is 12 hex digits of SHA-256 over the target schema's name. */
export function leaseSchema(targetHash: string): string {
  return `caravan_lease_${targetHash}`;
}
/** Prefix of `application_name` of every backend that a migration opens in the target. */
export function backendPrefix(hash: string): string {
  return `caravan/${hash}/`;
}
/** The 12 hex digits of a shadow or sidecar schema's name, or undefined. */
export function hashOfSchema(schema: string): string | undefined {
  return /^caravan_([0-9a-f]{12})(?:_meta)?$/.exec(schema)?.[1];
}

/** Ids of child workflows. */
export function phaseWorkflowId(migrationId: string, phase: string): string {
  return `${migrationId}/${phase}`;
}
export function tableWorkflowId(migrationId: string, table: string): string {
  return `${migrationId}/table/${table}`;
}
