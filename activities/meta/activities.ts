import type { MetaActivities } from '../../contracts/activities.js';
import type { Deps } from '../deps.js';
import { certifyComparison, freezeEvidence, signCertificate } from './certificate.js';
import type { CertificateOptions } from './certificate.js';
import { closeMigration } from './close-migration.js';
import { learn } from './learn.js';
import { purgeOld, testConnection } from './maintain.js';
import { openMigration } from './open-migration.js';
import { decideRule } from './decide-rule.js';
import { setThrottle } from './throttle.js';

export interface MetaParts {
  readonly deps: Deps;
  readonly certificates: CertificateOptions;
  readonly sweep: MetaActivities['sweepLeftovers'];
}

/** The Meta agent: opens and closes migrations, keeps what they taught, signs. */
export function createMetaActivities({ deps, certificates, sweep }: MetaParts): MetaActivities {
  return {
    openMigration: (input) => openMigration(deps, input),
    closeMigration: (input) => closeMigration(deps, certificates, input),
    learn: (input) => learn(deps, input),
    freezeEvidence: (input) => freezeEvidence(deps, input),
    signCertificate: (input) => signCertificate(deps, certificates, input),
    certifyComparison: (input) => certifyComparison(deps, certificates, input),
    sweepLeftovers: sweep,
    testConnection: (input) => testConnection(deps, input),
    purgeOld: (input) => purgeOld(deps, input),
    setThrottle: (input) => setThrottle(deps, input),
    decideRule: (input) => decideRule(deps, input),
  };
}
