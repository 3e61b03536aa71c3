import type { NotMigrated } from '../../../contracts/mapping.js';
import type { MappingProblem } from '../../../language/mapping-file.js';
import type { Finding, FindingCode } from '../../../contracts/migration.js';

export interface Refused {
  /** "schema.table.column", or the name of a key or check behind its table. */
  readonly object: string;
  readonly reason: string;
}

/** What a draft says beside the mapping; filled while tables are drafted. */
export class Notes {
  readonly refused: Refused[] = [];
  readonly notMigrated: NotMigrated[] = [];
  readonly findings: Finding[] = [];
  /** What a mapping file says and cannot be. */
  readonly misfits: MappingProblem[] = [];

  refuse(object: string, reason: string): void {
    this.refused.push({ object, reason });
  }

  misfit(path: readonly string[], message: string): void {
    this.misfits.push({ path, message, hint: 'see docs/mapping-file.md' });
  }

  leave(kind: string, name: string, reason: string): void {
    this.notMigrated.push({ kind, name, reason });
  }

  find(code: FindingCode, object: string, about: Pick<Finding, 'kind' | 'count' | 'detail'>): void {
    this.findings.push({ id: `${code}:${object}`, code, object, disposition: 'listed', ...about });
  }
}
