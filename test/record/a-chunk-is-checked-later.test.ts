import { beforeEach, describe, expect, it } from 'vitest';
import { recordValidation } from '../../activities/kora/record-validation.js';
import { compileTransform } from '../../activities/maba/compile-transform.js';
import { compileRewrite } from '../../activities/maba/rewrite/compile-rewrite.js';
import { checkChunk } from '../../activities/worker/check-chunk.js';
import { rowValidator } from '../../activities/worker/row-validator.js';
import type { Deps } from '../../activities/deps.js';
import { validatorContext } from '../../activities/validator-context.js';
import type { TableMapping } from '../../contracts/mapping.js';
import type { CompileRules } from '../../contracts/record.js';
import type { RowRule } from '../../contracts/rules.js';
import { keyIdentity } from '../../databases/canonical.js';
import type { Reader } from '../../databases/source.js';
import type { Chunk, RowExceptions, Target } from '../../databases/target.js';
import { batchOf, column, tableOf } from './record-fixtures.js';

const TABLE: TableMapping = {
  ...tableOf([column({ type: 'integer', kind: 'integer' }, 'id'), column({ type: 'text', kind: 'text' }, 'word')]),
  rowKey: ['id'],
};
const NAME = `${TABLE.source.schema}.${TABLE.source.name}`;
const ROWS = [
  ['1', 'whole', '1'],
  ['2', 'cut\0', '2'],
  ['-3', 'whole', '-3'],
];
const RULE: RowRule = {
  ...{ id: '00ff00ff00ff00ff', kind: 'not_negative', table: NAME, columns: ['id'], parameters: {}, state: 'accepted' },
  ...{ support: 3, sample: 1, confidence: 1, counterExamples: 0, origin: 'mined', why: '', onBroken: 'quarantine' },
};

const notNegative: CompileRules = (_table, rules) =>
  rules.map(({ id }) => ({
    id,
    columns: [0],
    quarantine: true,
    isBroken: (fieldOf) => fieldOf(0)?.[0] === '-'.charCodeAt(0),
  }));
const validation = recordValidation(notNegative);
const sealed: string[] = [];
const box = {
  seal: (bytes: Uint8Array, context: string) => Buffer.concat([Buffer.from(`${context}|`), bytes]),
  open: (bytes: Uint8Array, context: string) => {
    const text = Buffer.from(bytes).toString();
    if (!text.startsWith(`${context}|`)) throw new Error('sealed for another place');
    return Buffer.from(text.slice(context.length + 1));
  },
};
const log = { warn: (line: { event: string }) => sealed.push(line.event) };
const deps = { validation, box, log, compileTransform, compileRewrite } as unknown as Deps;
const alive = { signal: new AbortController().signal, earlier: {}, report: () => undefined };
const reader = {
  read: async function* () {
    await Promise.resolve();
    yield batchOf(ROWS);
  },
} as unknown as Reader;

interface Wanted {
  readonly hash: string;
  readonly specification: Buffer;
}

/** What KORA writes of a table, by the rules that are accepted. */
function written(rules: readonly RowRule[], table = TABLE): Wanted {
  const specification = validation.specify(table, rules);
  const hash = validation.hash(specification);
  return { hash, specification: box.seal(Buffer.from(JSON.stringify(specification)), validatorContext(hash)) };
}

/** A target whose ledgers hold these exceptions of the chunk. */
function targetWith(wanted: Wanted | undefined, exceptions: Record<string, RowExceptions> = {}): Target {
  return {
    validators: { wanted: () => Promise.resolve(wanted) },
    ledger: { exceptions: () => Promise.resolve(new Map(Object.entries(exceptions))) },
  } as unknown as Target;
}

const identity = (key: string): string => keyIdentity([Buffer.from(key)]);
const changed = (column: string, rule: string): RowExceptions => ({
  changed: new Map([[column, { count: 1, rule }]]),
  quarantined: 0,
});
const QUARANTINED: RowExceptions = { changed: new Map(), quarantined: 1 };
const chunk: Chunk = { table: NAME, chunk: 0, done: true, epoch: 1, rows: 3, bytes: 9, quarantined: 0, changed: 1 };

describe('a chunk that was copied without KORA', () => {
  const check = (target: Target, of = chunk): ReturnType<typeof checkChunk> =>
    checkChunk(deps, { table: TABLE, chunk: of, reader, target, alive });

  it('stands when quarantine and value ledger hold exactly what the validator would put there', async () => {
    const wanted = written([]);
    const target = targetWith(wanted, { [identity('2')]: changed('word', 'nul_character') });
    expect(await check(target)).toEqual({ validator: wanted.hash, stands: true, rows: 3 });
  });

  it('does not stand when an entry is missing, too much, of another row, or of another rule', async () => {
    const wanted = written([]);
    const entry = changed('word', 'nul_character');
    const wrong: Record<string, RowExceptions>[] = [
      {},
      { [identity('2')]: entry, [identity('1')]: entry },
      { [identity('1')]: entry },
      { [identity('2')]: changed('word', 'invalid_utf8') },
      { [identity('2')]: QUARANTINED },
    ];
    for (const exceptions of wrong)
      expect(await check(targetWith(wanted, exceptions))).toMatchObject({ stands: false });
    expect(await check(targetWith(wanted), { ...chunk, changed: 0 })).toMatchObject({ stands: false });
  });

  it('does not stand when a rule was accepted since that one of its rows breaks', async () => {
    const wanted = written([RULE]);
    const before = { [identity('2')]: changed('word', 'nul_character') };
    expect(await check(targetWith(wanted, before))).toMatchObject({ validator: wanted.hash, stands: false });
    const after = { ...before, [identity('-3')]: QUARANTINED };
    expect(await check(targetWith(wanted, after))).toMatchObject({ validator: wanted.hash, stands: true });
  });
});

describe('the validator of a table', () => {
  beforeEach(() => {
    sealed.length = 0;
  });

  it('is another one, by its hash, for another type, another rule, and no other', () => {
    const wider = {
      ...TABLE,
      columns: TABLE.columns.map((of) => ({ ...of, type: 'bigint', kind: 'integer' as const })),
    };
    const others = [written([RULE]).hash, written([], wider).hash];
    expect(new Set([written([]).hash, ...others]).size).toBe(3);
    expect(written([{ ...RULE, state: 'dropped' }]).hash).toBe(written([]).hash);
    expect(written([{ ...RULE, table: 'shop.other' }]).hash).toBe(written([]).hash);
    expect(written([{ ...RULE, onBroken: 'list' }]).hash).toBe(written([]).hash);
    expect(written([]).hash).toBe(written([]).hash);
  });

  it('marks what it checked only where it is KORA’s, whole, and of the same columns', async () => {
    const hashOf = async (wanted: Wanted | undefined): Promise<string | undefined> =>
      (await rowValidator(deps, targetWith(wanted), TABLE)).hash;
    const wanted = written([]);
    expect(await hashOf(wanted)).toBe(wanted.hash);
    expect(await hashOf(undefined)).toBeUndefined();
    expect(sealed).toEqual([]);
    const [first] = TABLE.columns;
    expect(await hashOf(written([], { ...TABLE, columns: first === undefined ? [] : [first] }))).toBeUndefined();
    const hash = 'of another';
    const other = box.seal(Buffer.from(JSON.stringify(validation.specify(TABLE, []))), validatorContext(hash));
    expect(await hashOf({ hash, specification: other })).toBeUndefined();
    expect(sealed).toEqual(['copy.validator_does_not_fit', 'copy.validator_does_not_fit']);
    await expect(hashOf({ hash, specification: wanted.specification })).rejects.toThrow('another place');
  });
});
