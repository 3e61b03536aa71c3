import { redactConfig } from '../config/config.js';
import type { CliContext } from './cli-context.js';
import { reportOfError } from './failure-of.js';
import { maintain } from './maintain.js';
import { withSession } from './session.js';
import { doctorChecks, doctorFix } from './stack/doctor.js';

/** `caravan doctor`: 0 when all is well. With `fix` it first mends what needs no question. */
export async function runDoctor(context: CliContext, options: { fix?: boolean; json?: boolean }): Promise<number> {
  const { config, print, tell } = context;
  if (options.fix === true) {
    for (const done of await doctorFix(config)) tell(done);
    await sweep(context);
  }
  const checks = await doctorChecks(config);
  const settings = redactConfig(config);
  if (options.json === true) print(JSON.stringify({ checks, settings }));
  else {
    for (const { name, ok, seen, mend } of checks) {
      print(`${ok ? 'ok  ' : 'BAD '} ${name.padEnd(10)} ${seen}`);
      if (mend !== null) print(`${' '.repeat(16)}${mend}`);
    }
    for (const [name, value] of Object.entries(config.engine)) print(`set  ${name} ${String(value)}`);
  }
  return checks.every(({ ok }) => ok) ? 0 : 1;
}

/** Undoes what closed or vanished migrations left in their targets; sends again what could not be delivered. */
async function sweep(context: CliContext): Promise<void> {
  try {
    await withSession(context, async (session) => {
      const { undone = 0, left = 0 } = await maintain(session, {});
      context.tell(`leftovers of migrations: ${String(undone)} undone, ${String(left)} left`);
      const resent = await session.store.outbox.revive();
      if (resent > 0) context.tell(`notifications that could not be delivered: ${String(resent)} are sent again`);
    });
  } catch (error) {
    context.tell(reportOfError(error).message);
  }
}
