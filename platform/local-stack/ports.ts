import { createServer } from 'node:net';
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { CaravanFailure } from '../../contracts/failures.js';
import { writeFileAtomically } from './files.js';
import type { PortName, Topology } from './topology.js';

/**
 * Below the range from which kernels take the ports of outgoing connections (Linux 32768, macOS 49152): while a server
 * is down its clients' attempts could otherwise take, or even connect to, its own port.
 */
const LOWEST_PORT = 20_000;
const HIGHEST_PORT = 32_000;
const ATTEMPTS_MAX = 200;

const portsSchema = z.record(z.string(), z.number().int());

/** Whether a server can listen on this port of the loopback address now. */
export async function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () =>
      server.close(() => {
        resolve(true);
      }),
    );
  });
}

/** A free port on the loopback address that is none of `taken`. */
export async function freePort(taken: ReadonlySet<number> = new Set()): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT);
    if (!taken.has(port) && (await isPortFree(port))) return port;
  }
  throw new CaravanFailure('STACK_PART_MISSING', {
    attempted: 'find',
    on: 'a free port on 127.0.0.1',
    seen: `${String(ATTEMPTS_MAX)} ports between ${String(LOWEST_PORT)} and ${String(HIGHEST_PORT)} are taken`,
  });
}

/** The ports of a stack: the one kept from the last start if still free, else the preferred, else any free one. */
export async function choosePorts(home: string, preferred: Topology['ports']): Promise<Record<PortName, number>> {
  const path = join(home, 'ports.json');
  const kept = readKept(path);
  const taken = new Set<number>();
  const choose = async (name: PortName): Promise<number> => {
    for (const candidate of [kept[name], preferred[name]]) {
      if (candidate != null && !taken.has(candidate) && (await isPortFree(candidate))) {
        taken.add(candidate);
        return candidate;
      }
    }
    const port = await freePort(taken);
    taken.add(port);
    return port;
  };
  const ports = {
    temporal: await choose('temporal'),
    webUi: await choose('webUi'),
    postgres: await choose('postgres'),
    redis: await choose('redis'),
    api: await choose('api'),
  };
  writeFileAtomically(path, JSON.stringify(ports));
  return ports;
}

function readKept(path: string): Record<string, number> {
  try {
    return portsSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return {};
  }
}
