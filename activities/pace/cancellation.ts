import { Context } from '@temporalio/activity';

/** Of the activity that this is done for: whoever waits for his turn stops waiting with it. */
export function cancellation(): AbortSignal | undefined {
  try {
    return Context.current().cancellationSignal;
  } catch {
    return undefined;
  }
}
