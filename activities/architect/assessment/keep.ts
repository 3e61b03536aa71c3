import type { Catalogue } from '../../../contracts/catalogue.js';
import type { PlanDocument } from '../../../contracts/definition.schema.js';
import { CaravanFailure } from '../../../contracts/failures.js';
import type { Finding } from '../../../contracts/migration.js';
import type { TableProfile } from '../../../contracts/profile.js';
import type { LearningFact, Store } from '../../../platform/store/store.js';
import { draftMapping } from '../../maba/mapping/draft-mapping.js';
import type { DraftedMapping, DraftMappingInput } from '../../maba/mapping/draft-mapping.js';
import type { Refused } from '../../maba/mapping/notes.js';
import { raiseQuestions } from '../questions.js';
import { assess } from './assess.js';
import { asRefusal, mappingRefusals, refusalOf, unreadableRefusals } from './refusals.js';

export interface Assessing {
  readonly migrationId: string;
  readonly found: { readonly catalogue: Catalogue; readonly profiles: readonly TableProfile[] };
  readonly drafted: {
    readonly document: PlanDocument;
    readonly findings: readonly Finding[];
    readonly refused: readonly Refused[];
    /** The rule for names is refused as a whole: what is drafted follows another one. */
    readonly collision?: CaravanFailure;
  };
  readonly throughput: readonly LearningFact[];
  /** Fails with what the target has against the plan. */
  readonly checkTarget: () => Promise<void>;
}

/** Stores what is known of a source before anyone commits, with everything that would end a migration of it. */
export async function keepAssessment(
  store: Store,
  { migrationId, found, drafted, throughput, checkTarget }: Assessing,
): Promise<void> {
  const { catalogue, profiles } = found;
  const refused = [
    ...unreadableRefusals(catalogue),
    ...(drafted.collision === undefined ? [] : [asRefusal(drafted.collision)]),
    ...mappingRefusals(drafted.refused, catalogue),
    ...(await refusalOf(checkTarget)),
  ];
  const questions = raiseQuestions(catalogue, profiles, '').map(({ id, text, options, default: fallback }) => ({
    id,
    text,
    options,
    ...(fallback !== undefined && { default: fallback }),
  }));
  const { migration: mapping } = drafted.document;
  const { findings } = drafted;
  const assessment = assess({ catalogue, profiles, mapping, findings, refused, questions, throughput });
  await store.migrations.putAssessment(migrationId, assessment);
}

/** A draft that goes on where names would meet under `preserve`, so that the rest is assessed, too. */
export function draftForAssessment(input: DraftMappingInput): DraftedMapping & { readonly collision?: CaravanFailure } {
  try {
    return draftMapping(input);
  } catch (error) {
    if (!(error instanceof CaravanFailure) || error.code !== 'NAME_COLLISION') throw error;
    return { ...draftMapping({ ...input, identifiers: 'lower' }), collision: error };
  }
}
