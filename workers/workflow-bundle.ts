/** Everything that the workflow bundle holds: both workflow rooms. */
export { migration } from '../workflows/migration/workflow.js';
export { graph } from '../workflows/graph/execution.js';
export { maintenance } from '../workflows/maintenance.js';
export { discovery } from '../migration-phases/discovery/workflow.js';
export { planning } from '../migration-phases/planning/workflow.js';
export { execution } from '../migration-phases/execution/workflow.js';
export { tableCopy } from '../migration-phases/execution/table-copy.js';
export { tableGroup } from '../migration-phases/execution/table-group.js';
export { verification } from '../migration-phases/verification/workflow.js';
export { proofGroup } from '../migration-phases/verification/groups.js';
export { learning } from '../migration-phases/learning/workflow.js';
