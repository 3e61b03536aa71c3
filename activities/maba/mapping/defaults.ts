import type { CatalogueColumn, SourceEngine } from '../../../contracts/catalogue.js';
import type { Expression } from '../../../language/expressions.js';
import { parseExpression, quoteString } from '../../../language/expressions.js';
import type { TypeChoice } from './choice.js';

export type TranslatedDefault =
  | { readonly state: 'made'; readonly sql: string }
  | { readonly state: 'none' }
  /** The default itself has no faithful form (a zero date): dropped, and listed. */
  | { readonly state: 'dropped'; readonly reason: string }
  | { readonly state: 'refused'; readonly reason: string };

const made = (sql: string): TranslatedDefault => ({ state: 'made', sql });
const refused = (reason: string): TranslatedDefault => ({ state: 'refused', reason });

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const DATE = /^\d{4}-\d\d-\d\d/;
const TIME = /^-?\d{1,3}:\d\d(?::\d\d(?:\.\d+)?)?$/;

function numberDefault(value: string, choice: TypeChoice): TranslatedDefault {
  const text = value.trim();
  if (!NUMBER.test(text)) return refused('its default is no number');
  if (choice.kind !== 'integer' || /^-?\d+$/.test(text)) return made(text);
  const whole = Number(text);
  return Number.isInteger(whole) ? made(String(whole)) : refused('its default is no integer');
}

function momentDefault(value: string, choice: TypeChoice): TranslatedDefault {
  if (choice.kind === 'time' || choice.kind === 'interval') {
    return TIME.test(value) ? made(quoteString(value)) : refused('its default is no time');
  }
  if (/^\d{4}-(?:00|\d\d-00)|^0000/.test(value)) {
    return { state: 'dropped', reason: 'a default with a zero in its date; PostgreSQL has no such date' };
  }
  if (!DATE.test(value) || Number.isNaN(Date.parse(`${value.slice(0, 10)}T00:00:00Z`)))
    return refused('its default is no date');
  // MySQL's literal is in the session's zone, which the migration pins to UTC.
  return made(quoteString(choice.kind === 'timestamptz' ? `${value}+00` : value));
}

function bitDefault(value: string, choice: TypeChoice): TranslatedDefault {
  const width = choice.transform.find((step) => step.op === 'to_bits')?.width ?? 1;
  const digits = /^b'([01]+)'$/i.exec(value)?.[1];
  const number = digits !== undefined ? BigInt(`0b${digits}`) : /^\d+$/.test(value) ? BigInt(value) : undefined;
  if (number === undefined) return refused('its default is no bit string');
  const bits = number.toString(2);
  return bits.length > width
    ? refused('its default is wider than the column')
    : made(`B'${bits.padStart(width, '0')}'`);
}

function arrayDefault(value: string): TranslatedDefault {
  const elements = value === '' ? [] : value.split(',');
  const quoted = elements.map((element) => `"${element.replace(/[\\"]/g, (character) => `\\${character}`)}"`);
  return made(quoteString(`{${quoted.join(',')}}`));
}

function textDefault(value: string, choice: TypeChoice): TranslatedDefault {
  if (value.includes('\0')) return { state: 'dropped', reason: 'its default holds the character NUL' };
  const { labels, maxCharacters } = choice.limits;
  if (labels && !labels.includes(value)) return { state: 'dropped', reason: 'its default is none of its labels' };
  if (maxCharacters !== undefined && Array.from(value).length > maxCharacters)
    return refused('its default is longer than the column');
  return made(quoteString(value));
}

function literalDefault(value: string, choice: TypeChoice): TranslatedDefault {
  switch (choice.kind) {
    case 'integer':
    case 'decimal':
    case 'float4':
    case 'float8':
      return numberDefault(value, choice);
    case 'boolean': {
      const text = value.trim().toLowerCase();
      if (text === '1' || text === 'true') return made('true');
      return text === '0' || text === 'false' ? made('false') : refused('its default is neither 0 nor 1');
    }
    case 'date':
    case 'timestamp':
    case 'timestamptz':
    case 'time':
    case 'interval':
      return momentDefault(value, choice);
    case 'bit':
      return bitDefault(value, choice);
    case 'text_array':
      return arrayDefault(value);
    case 'bytes':
      return made(quoteString(`\\x${Buffer.from(value, 'utf8').toString('hex')}`));
    case 'text':
    case 'enum':
    case 'json':
    case 'uuid':
    case 'inet':
      return textDefault(value, choice);
    case 'geometry':
      return refused('its default is a place');
    case 'native':
      return refused('its default is an expression of PostgreSQL');
  }
}

/** What a clock function of the source says, whatever it is called there. */
type Clock = 'now' | 'utc now' | 'today' | 'utc today' | 'time' | 'utc time' | 'seconds';

const CLOCK_CALLS: Readonly<Record<string, Clock>> = {
  now: 'now',
  current_timestamp: 'now',
  localtimestamp: 'now',
  sysdate: 'now',
  utc_timestamp: 'utc now',
  curdate: 'today',
  current_date: 'today',
  utc_date: 'utc today',
  curtime: 'time',
  current_time: 'time',
  localtime: 'now',
  unix_timestamp: 'seconds',
  unixepoch: 'seconds',
};
const SQLITE_CALLS: Readonly<Record<string, Clock>> = {
  datetime: 'utc now',
  date: 'utc today',
  time: 'utc time',
  unixepoch: 'seconds',
};
const STRFTIMES: Readonly<Record<string, Clock>> = {
  '%s': 'seconds',
  '%Y-%m-%d %H:%M:%S': 'utc now',
  '%Y-%m-%dT%H:%M:%SZ': 'utc now',
  '%Y-%m-%d %H:%M:%f': 'utc now',
  '%Y-%m-%d': 'utc today',
  '%H:%M:%S': 'utc time',
};

function sqliteClock(name: string, args: readonly Expression[]): Clock | undefined {
  const texts = args.map((argument) =>
    argument.node === 'string' ? argument.value : argument.node === 'column' ? argument.name : undefined,
  );
  if (texts.some((text) => text === undefined)) return undefined;
  const [format, moment] = name === 'strftime' ? [texts[0], texts.slice(1)] : [undefined, texts];
  const modifier = moment[0] === undefined || moment[0].toLowerCase() === 'now' ? moment.slice(1) : undefined;
  if (modifier === undefined) return undefined;
  const clock = name === 'strftime' ? STRFTIMES[format ?? ''] : SQLITE_CALLS[name];
  const local = modifier.length === 1 && modifier[0]?.toLowerCase() === 'localtime';
  if (clock === undefined || (modifier.length > 0 && !local)) return undefined;
  if (!local) return clock;
  return clock === 'utc now' ? 'now' : clock === 'utc today' ? 'today' : clock === 'utc time' ? 'time' : clock;
}

function clockOf(expression: Expression, engine: SourceEngine): { clock: Clock; precision?: number } | undefined {
  if (expression.node === 'keyword') {
    const clock = CLOCK_CALLS[expression.name];
    if (clock === undefined) return undefined;
    const { precision } = expression;
    // SQLite's CURRENT_TIMESTAMP and its kin are in UTC.
    const own =
      engine === 'sqlite' ? ({ now: 'utc now', today: 'utc today', time: 'utc time' } as const)[clock as 'now'] : clock;
    return { clock: own, ...(precision !== undefined && { precision }) };
  }
  if (expression.node !== 'call') return undefined;
  if (engine === 'sqlite') {
    const clock = sqliteClock(expression.name, expression.args);
    return clock === undefined ? undefined : { clock };
  }
  const clock = CLOCK_CALLS[expression.name];
  const [digits] = expression.args;
  if (clock === undefined || expression.args.length > 1 || (digits && digits.node !== 'number')) return undefined;
  return { clock, ...(digits?.node === 'number' && { precision: Number(digits.text) }) };
}

const UTC = `timezone('UTC', CURRENT_TIMESTAMP)`;
const TEXT_FORMS: Readonly<Partial<Record<Clock, string>>> = {
  'utc now': `to_char(${UTC}, 'YYYY-MM-DD HH24:MI:SS')`,
  now: `to_char(CURRENT_TIMESTAMP, 'YYYY-MM-DD HH24:MI:SS')`,
  'utc today': `to_char(${UTC}, 'YYYY-MM-DD')`,
  today: `to_char(CURRENT_TIMESTAMP, 'YYYY-MM-DD')`,
  'utc time': `to_char(${UTC}, 'HH24:MI:SS')`,
  time: `to_char(CURRENT_TIMESTAMP, 'HH24:MI:SS')`,
};
const SECONDS = `floor(date_part('epoch', CURRENT_TIMESTAMP))::bigint`;

function clockDefault(clock: Clock, choice: TypeChoice, precision: number | undefined): string | undefined {
  const digits = precision === undefined ? '' : `(${String(precision)})`;
  const isNow = clock === 'now' || clock === 'utc now';
  switch (choice.kind) {
    case 'timestamptz':
      return isNow ? `CURRENT_TIMESTAMP${digits}` : undefined;
    case 'timestamp':
      if (clock === 'seconds')
        return choice.transform[0]?.op === 'from_unix_seconds' ? `date_trunc('second', ${UTC})` : undefined;
      if (clock === 'utc now') return `date_trunc('second', ${UTC})`;
      return clock === 'now'
        ? `LOCALTIMESTAMP${digits}`
        : clock === 'today'
          ? 'CURRENT_DATE'
          : clock === 'utc today'
            ? `date_trunc('day', ${UTC})`
            : undefined;
    case 'date':
      return clock === 'today' || clock === 'now'
        ? 'CURRENT_DATE'
        : clock === 'utc today' || clock === 'utc now'
          ? `${UTC}::date`
          : undefined;
    case 'time':
      return clock === 'time' || clock === 'now' ? `LOCALTIME${digits}` : undefined;
    case 'text':
      return TEXT_FORMS[clock];
    case 'integer':
      return clock === 'seconds' ? SECONDS : undefined;
    default:
      return undefined;
  }
}

/** lower(hex(randomblob(16))) of SQLite: 32 random hex digits. */
function isRandomHex(expression: Expression): boolean {
  let inner = expression;
  for (const name of ['lower', 'hex', 'randomblob']) {
    if (inner.node !== 'call' || inner.name !== name) return false;
    inner = inner.args[0] ?? inner;
  }
  return inner.node === 'number' && inner.text === '16';
}

function expressionDefault(text: string, engine: SourceEngine, choice: TypeChoice): TranslatedDefault {
  const parsed = parseExpression(text, engine === 'sqlite' ? 'sqlite' : 'mysql');
  if (!parsed.ok) return refused(`its default is not understood: ${parsed.problem}`);
  const { expression } = parsed;
  const clock = clockOf(expression, engine);
  if (clock) {
    const sql = clockDefault(clock.clock, choice, clock.precision);
    return sql === undefined ? refused(`its default is the clock, and its type ${choice.type}`) : made(sql);
  }
  if (
    expression.node === 'call' &&
    (expression.name === 'uuid' || expression.name === 'sys_guid') &&
    expression.args.length === 0
  ) {
    if (choice.kind === 'uuid') return made('gen_random_uuid()');
    if (choice.kind === 'text') return made('gen_random_uuid()::text');
  }
  if (choice.kind === 'text' && isRandomHex(expression)) return made(`replace(gen_random_uuid()::text, '-', '')`);
  return constantDefault(expression, choice);
}

/** A constant that the source writes as an expression: (1), -1, 'a', TRUE, "a", x'00'. */
function constantDefault(expression: Expression, choice: TypeChoice): TranslatedDefault {
  switch (expression.node) {
    case 'null':
      return { state: 'none' };
    case 'number':
      return literalDefault(expression.text, choice);
    case 'string':
      return literalDefault(expression.value, choice);
    case 'bits':
      return choice.kind === 'bit'
        ? bitDefault(expression.value, choice)
        : literalDefault(String(BigInt(`0b0${expression.value}`)), choice);
    case 'bytes':
      return choice.kind === 'bytes'
        ? made(quoteString(`\\x${expression.hex}`))
        : refused('its default is a run of bytes');
    case 'boolean':
      return literalDefault(expression.value ? '1' : '0', choice);
    case 'column':
      // SQLite takes a name in double quotes that is no column for a text, and a bare word too.
      return literalDefault(expression.name, choice);
    case 'unary':
      if (expression.operand.node === 'number' && expression.op !== 'NOT') {
        return literalDefault(`${expression.op === '-' ? '-' : ''}${expression.operand.text}`, choice);
      }
      return refused('its default is an expression without a translation');
    default:
      return refused('its default is an expression without a translation');
  }
}

/** The default of a column in the target's terms. */
export function translateDefault(column: CatalogueColumn, engine: SourceEngine, choice: TypeChoice): TranslatedDefault {
  const translated = unpaddedDefault(column, engine, choice);
  const bytes = translated.state === 'made' ? /^'\\x([0-9a-f]*)'$/i.exec(translated.sql)?.[1] : undefined;
  if (bytes === undefined || engine === 'sqlite' || column.type.base !== 'binary') return translated;
  // BINARY(n) fills what it stores with zero bytes; the catalogue of MySQL 8 tells the default without them.
  return made(quoteString(`\\x${bytes.padEnd(2 * (column.type.length ?? 0), '0')}`));
}

function unpaddedDefault(column: CatalogueColumn, engine: SourceEngine, choice: TypeChoice): TranslatedDefault {
  const given = column.default;
  if (given === undefined || column.autoIncrement === true || column.generated !== undefined) return { state: 'none' };
  if (given.kind === 'expression') return expressionDefault(given.text, engine, choice);
  if (given.value === null) return { state: 'none' };
  // MariaDB and MySQL 5.7 give the clock as if it were a literal; no date or time reads like this.
  const clock = /^(?:current_timestamp|now|localtimestamp|curdate|current_date|curtime)(?:\(\d?\))?$/i.test(
    given.value,
  );
  if (clock && choice.kind !== 'text' && choice.kind !== 'enum') return expressionDefault(given.value, engine, choice);
  return literalDefault(given.value, choice);
}
