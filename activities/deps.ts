import type { Endpoint } from '../contracts/endpoint.js';
import type { SourceStrain } from '../contracts/messages.js';
import type { CompileRewrite, CompileRules, CompileTransform } from '../contracts/record.js';
import type { Replica } from '../databases/asking.js';
import type { RowRule } from '../contracts/rules.js';
import type { RecordValidation } from '../contracts/validator.js';
import type { ExistingTarget } from '../databases/existing.js';
import type { Source } from '../databases/source.js';
import type { Target, TargetNames } from '../databases/target.js';
import type { Bus } from '../platform/bus/bus.js';
import type { SecretBox } from '../platform/secrets/secret-box.js';
import type { Log } from '../platform/telemetry/log.js';
import type { RuleModel } from './kora/rules/model/rank.js';
import type { Pacer } from './pace/pacer.js';
import type { Failpoint } from './failpoints.js';
import type { Store } from '../platform/store/store.js';

/** What activities are made with, joined in workers/. Narrow, so that a test can give its own. */
export interface Deps {
  readonly store: Store;
  readonly bus: Bus;
  readonly box: SecretBox;
  readonly log: Log;
  /** Unique name of this process; its own queue carries it. */
  readonly processId: string;
  /** At which pace this process reads the sources of migrations. */
  readonly pacer: Pacer;
  /** Tells a migration that its source suffers, or no longer; nobody waits for it. */
  readonly tellStrain: (migrationId: string, strain: SourceStrain) => void;
  readonly openSource: (endpoint: Endpoint) => Promise<Source>;
  readonly openTarget: (endpoint: Endpoint, names: TargetNames) => Promise<Target>;
  /** A target that is there already, only to be read. */
  readonly openExisting: (endpoint: Endpoint) => Promise<ExistingTarget>;
  /** A throw-away replica of a source, never the source itself; of a file a copy, where none is named. */
  readonly openReplica: (source: Endpoint, replica: Endpoint | undefined) => Promise<Replica | undefined>;
  readonly compileTransform: CompileTransform;
  readonly compileRewrite: CompileRewrite;
  readonly validation: RecordValidation;
  /** Rules that people accepted for this migration's source, as far as one row decides them. */
  readonly acceptedRules: (migrationId: string) => Promise<readonly RowRule[]>;
  readonly compileRules: CompileRules;
  /** Names and ranks mined rules; null: none is configured. */
  readonly ruleModel: RuleModel | null;
  readonly failpoint: Failpoint;
  /** Plans up to this risk approve themselves; null: the policy is off. */
  readonly autoApproveRisk: number | null;
}
