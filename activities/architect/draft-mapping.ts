/** The Architect asks MABA for mappings; the agent's own files name it here, so that the arrow is drawn once. */
export { draftMapping } from '../maba/mapping/draft-mapping.js';
export type { DraftedMapping, DraftMappingInput } from '../maba/mapping/draft-mapping.js';
