import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { SpawnOptions } from 'node:child_process';

const OUTPUT_CHARACTERS_MAX = 4_000;
/** Default limit of one command, in milliseconds: a large package over a slow line. */
const LIMIT_MS = 300_000;

export interface CommandResult {
  /** null: it could not be started, was killed, or took longer than the limit. */
  readonly status: number | null;
  /** The end of both outputs together. */
  readonly output: string;
}

export interface CommandOptions extends Pick<SpawnOptions, 'cwd' | 'env' | 'uid' | 'gid'> {
  readonly limitMs?: number;
}

/** Runs a command to its end without a shell or a terminal. Never throws. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { limitMs = LIMIT_MS, ...rest } = options;
  const child = spawn(command, args, { ...rest, stdio: ['ignore', 'pipe', 'pipe'], timeout: limitMs });
  let output = '';
  const collect = (bytes: Buffer): void => {
    output = (output + bytes.toString('utf8')).slice(-OUTPUT_CHARACTERS_MAX);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  try {
    const [status] = (await once(child, 'close')) as [number | null];
    return { status, output: output.trim() };
  } catch (error) {
    return { status: null, output: String(error) };
  }
}
