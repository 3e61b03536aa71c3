import { loadClientConfigProfile } from '@temporalio/envconfig';
import type { Config } from '../../config/config.js';
import type { StackSettings } from '../../platform/local-stack/settings.js';

/** The stack's settings: Temporal's address may also stand in a profile of its own configuration file. */
export function stackSettings(config: Config): StackSettings {
  const { home, cacheFolder, install, searchPath, databaseUrl, redisUrl, environment, api } = config;
  const given = { home, cacheFolder, install, searchPath, databaseUrl, redisUrl, environment, api };
  return { ...given, temporal: temporalOf(config) };
}

function temporalOf(config: Config): StackSettings['temporal'] {
  const profile = loadClientConfigProfile({ overrideEnvVars: { ...config.environment } });
  const { address = config.temporal.address, namespace = config.temporal.namespace } = profile;
  return { address: address === '' ? null : address, namespace: namespace === '' ? null : namespace };
}
