/** How a process takes workflow code from Temporal; the floor of the bench takes it alike. */
export const WORKFLOW_CODE = {
  maxConcurrentWorkflowTaskExecutions: 40,
  maxCachedWorkflows: 200,
  stickyQueueScheduleToStartTimeout: '2s',
} as const;
