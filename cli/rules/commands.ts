import type { Command } from 'commander';
import type { Run } from '../run-command.js';

interface Said {
  readonly by?: string;
  readonly reason?: string;
}

/** Commands for business rules: what was found, and what people say of it. */
export function addRulesCommands(program: Command, run: Run): void {
  const rules = program.command('rules').description('business rules that were found in a source');
  rules
    .command('list', { isDefault: true })
    .description('lists the rules of a migration, the surest first')
    .argument('<id>', 'of the migration')
    .option('--reveal', 'show values that rules list, and keys and values of rows that break them')
    .option('--json', 'print JSON')
    .action((id: string, options: { reveal?: boolean; json?: boolean }) =>
      run(async (context) => (await import('./list.js')).runRulesList(context, id, options)),
    );
  const decision = (name: string, description: string): Command =>
    rules
      .command(name)
      .description(description)
      .argument('<id>', 'of the migration')
      .argument('<rule...>', 'ids of rules')
      .option('--by <who>', 'who decides (default: the user of the operating system)')
      .option('--reason <text>');
  decision('accept', 'accepts rules: from now on they are enforced')
    .option('--quarantine', 'rows that break them stay out of the target; before rows are copied only')
    .action((...[id, ruleIds, { quarantine, ...said }]: [string, string[], Said & { quarantine?: boolean }]) =>
      run(async (context) =>
        (await import('./decide.js')).runRuleDecision(context, {
          migrationId: id,
          ruleIds,
          state: 'accepted',
          onBroken: quarantine === true ? 'quarantine' : 'list',
          ...said,
        }),
      ),
    );
  decision('drop', 'drops rules: they were false alarms').action((id: string, ruleIds: string[], said: Said) =>
    run(async (context) =>
      (await import('./decide.js')).runRuleDecision(context, { migrationId: id, ruleIds, state: 'dropped', ...said }),
    ),
  );
}
