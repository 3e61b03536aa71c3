/** Worker roles and their task queues. Recorded in histories: never renamed. */
export const ROLES = ['control', 'copy', 'verify', 'notify'] as const;
export type Role = (typeof ROLES)[number];

export const QUEUES = {
  control: 'caravan',
  copy: 'caravan-copy',
  verify: 'caravan-verify',
  notify: 'caravan-notify',
} as const satisfies Record<Role, string>;

/** The queue of one copy process: only it holds the snapshot that its chunks must be read from. */
export function processQueue(processId: string): string {
  return `${QUEUES.copy}@${processId}`;
}
