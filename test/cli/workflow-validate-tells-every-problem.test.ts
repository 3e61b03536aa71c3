import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CliHome } from './cli-harness.js';
import { cliHome } from './cli-harness.js';
import { RESEARCH } from '../language/definition-texts.js';

describe('caravan workflow validate', () => {
  let home: CliHome;
  beforeAll(() => {
    home = cliHome();
    writeFileSync(join(home.folder, 'good.yaml'), RESEARCH);
    writeFileSync(
      join(home.folder, 'bad.yaml'),
      RESEARCH.replace('agent: researcher', 'agent: reasercher, tiemout: 3'),
    );
  });
  afterAll(() => home.dispose());

  it('exits 0 on a definition that is valid', async () => {
    expect(await home.run('workflow', 'validate', 'good.yaml')).toMatchObject({
      exit: 0,
      stdout: 'good.yaml is valid: 3 tasks\n',
      stderr: '',
    });
  });

  it('exits 2 on one that is not, with a line for each problem', async () => {
    const { exit, stdout, stderr } = await home.run('workflow', 'validate', 'bad.yaml');
    expect([exit, stdout]).toEqual([2, '']);
    expect(stderr.trimEnd().split('\n')).toEqual([
      'bad.yaml:10:29: there is no agent "reasercher" (did you mean "researcher"?)',
      'bad.yaml:10:41: workflow.tasks.1 has no field "tiemout" (did you mean "timeout"?)',
    ]);
  });

  it('tells a cycle with its path, and what else planning finds', async () => {
    const cycle = RESEARCH.replace(/id: decompose,/u, 'id: decompose, depends_on: [synthesize],');
    writeFileSync(join(home.folder, 'cycle.yaml'), cycle);
    const { exit, stdout, stderr } = await home.run('workflow', 'validate', 'cycle.yaml');
    expect([exit, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^cycle\.yaml:\d+:\d+: tasks wait for each other: decompose → .* → decompose \(/u);
  });

  it('tells cycles and capabilities that nobody has beside all that is wrong otherwise, in patterns as well', async () => {
    writeFileSync(
      join(home.folder, 'many.yaml'),
      [
        'name: many',
        'orchestration_pattern: supervisor',
        'agents: {one: {type: x, capabilities: [read]}}',
        'tasks:',
        '  - {id: a, agent: one, depends_on: [b], tiemout: 3}',
        '  - {id: b, agent: one, depends_on: [a], capabilities: [read, write]}',
        '  - id: c',
        '    pattern:',
        '      orchestration_pattern: swarm',
        '      tasks:',
        '        - {id: d, agent: one, depends_on: [e]}',
        '        - {id: e, agent: one, depends_on: [d]}',
      ].join('\n'),
    );
    const { exit, stderr } = await home.run('workflow', 'validate', 'many.yaml');
    expect(exit).toBe(2);
    expect(stderr.trimEnd().split('\n')).toEqual([
      'many.yaml:5:37: tasks wait for each other: a → b → a (correct the task)',
      'many.yaml:5:42: tasks.0 has no field "tiemout" (did you mean "timeout"?)',
      expect.stringMatching(/^many\.yaml:6:\d+: task "b" wants "write", which its agent "one" does not declare/u),
      expect.stringMatching(/^many\.yaml:11:\d+: tasks wait for each other: d → e → d/u),
    ]);
  });

  it('tells the same as one line of JSON', async () => {
    const [good, bad] = await Promise.all(
      ['good.yaml', 'bad.yaml'].map((file) => home.run('workflow', 'validate', file, '--json')),
    );
    expect(JSON.parse(good?.stdout ?? '')).toEqual({
      valid: true,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
      problems: [],
    });
    expect(bad?.exit).toBe(2);
    expect(JSON.parse(bad?.stdout ?? '')).toMatchObject({
      valid: false,
      hash: null,
      problems: [
        { line: 10, column: 29, path: 'workflow.tasks.1.agent' },
        { line: 10, column: 41 },
      ],
    });
  });

  it('exits 2 when there is no such file', async () => {
    const { exit, stderr } = await home.run('workflow', 'validate', 'none.yaml');
    expect(exit).toBe(2);
    expect(stderr).toContain('DEFINITION_INVALID');
  });
});
