import { assertNever } from '../../contracts/failures.js';
import type { ColumnMapping, Operator, TableMapping } from '../../contracts/mapping.js';
import { ISSUE } from '../../contracts/record.js';
import type { ByteSink, FieldCodec } from '../../contracts/record.js';

/**
 * MABA's compiled transform: each column's pipeline becomes one codec from the source's bytes to PostgreSQL's COPY
 * text. Source: PostgreSQL documentation, COPY, "Text Format".
 */
export function compileTransform(table: TableMapping): readonly FieldCodec[] {
  return table.columns.map(codecOf);
}

function codecOf(column: ColumnMapping): FieldCodec {
  const last = column.transform.at(-1);
  if (last === undefined) throw new Error(`column "${column.source}" has an empty transform`);
  return operatorCodec(last, column);
}

function operatorCodec(step: Operator, column: ColumnMapping): FieldCodec {
  switch (step.op) {
    case 'as_is':
      return asIs(column);
    case 'to_boolean':
      return toBoolean;
    case 'to_bytea':
      return toBytea;
    case 'split_comma':
      return splitComma;
    case 'to_bits':
      return toBits(step.width);
    case 'from_unix_seconds':
      return fromUnixSeconds(column.kind);
    case 'parse_datetime':
      return parseDateTime(column.kind);
    default:
      return assertNever(step, 'operator');
  }
}

function asIs({ kind }: ColumnMapping): FieldCodec {
  switch (kind) {
    case 'bytes':
      return toBytea;
    case 'boolean':
      return toBoolean;
    case 'text':
    case 'enum':
    case 'json':
      return escaped;
    case 'text_array':
      return splitComma;
    default:
      return plain;
  }
}

/** Below this many bytes a loop beats a native copy. */
const SHORT = 48;

/** Bytes that need no escape: numbers, dates. */
const plain: FieldCodec = (bytes, start, end, _storage, sink) => {
  sink.ensure(end - start);
  const { bytes: out } = sink;
  let { length } = sink;
  if (end - start < SHORT) for (let at = start; at < end; at += 1) out[length++] = bytes[at] ?? 0;
  else {
    out.set(bytes.subarray(start, end), length);
    length += end - start;
  }
  sink.length = length;
  return ISSUE.ok;
};

const BACKSLASH = 0x5c;

/** COPY's escapes: backslash, tab, newline, carriage return. */
const escaped: FieldCodec = (bytes, start, end, _storage, sink) => {
  sink.ensure(2 * (end - start));
  const { bytes: out } = sink;
  let { length } = sink;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte > 0x0d && byte !== BACKSLASH) out[length++] = byte;
    else length = special(byte, out, length);
  }
  sink.length = length;
  return ISSUE.ok;
};

function special(byte: number, out: Uint8Array, length: number): number {
  let at = length;
  const letter = byte === BACKSLASH ? BACKSLASH : byte === 0x09 ? 0x74 : byte === 0x0a ? 0x6e : byte === 0x0d ? 0x72 : 0;
  if (letter === 0) out[at++] = byte;
  else {
    out[at++] = BACKSLASH;
    out[at++] = letter;
  }
  return at;
}

const toBoolean: FieldCodec = (bytes, start, end, _storage, sink) => {
  const byte = bytes[start];
  if (end - start !== 1 || (byte !== 0x30 && byte !== 0x31)) return ISSUE.not_a_boolean;
  sink.ensure(1);
  sink.bytes[sink.length++] = byte === 0x31 ? 0x74 : 0x66;
  return ISSUE.ok;
};

const HEX = Buffer.from('0123456789abcdef', 'latin1');

const toBytea: FieldCodec = (bytes, start, end, _storage, sink) => {
  sink.ensure(2 * (end - start) + 3);
  const { bytes: out } = sink;
  let { length } = sink;
  out[length++] = BACKSLASH;
  out[length++] = BACKSLASH;
  out[length++] = 0x78;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    out[length++] = HEX[byte >> 4] ?? 0;
    out[length++] = HEX[byte & 15] ?? 0;
  }
  sink.length = length;
  return ISSUE.ok;
};

const latin1 = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');

/** Writes text through COPY's escapes. */
function emit(text: Uint8Array, sink: ByteSink): number {
  return escaped(text, 0, text.length, 0, sink);
}

/** MySQL SET: members hold no comma. Array literal with every element quoted. */
const splitComma: FieldCodec = (bytes, start, end, _storage, sink) => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
  const elements = text === '' ? [] : text.split(',');
  const quoted = elements.map((element) => `"${element.replace(/["\\]/g, '\\$&')}"`);
  return emit(Buffer.from(`{${quoted.join(',')}}`, 'utf8'), sink);
};

function toBits(width: number): FieldCodec {
  return (bytes, start, end, _storage, sink) => {
    const bits = BigInt(latin1(bytes, start, end)).toString(2).padStart(width, '0');
    return bits.length > width ? ISSUE.out_of_range : emit(Buffer.from(bits, 'latin1'), sink);
  };
}

function fromUnixSeconds(kind: ColumnMapping['kind']): FieldCodec {
  return (bytes, start, end, _storage, sink) => {
    const at = new Date(Number(latin1(bytes, start, end)) * 1000);
    if (Number.isNaN(at.getTime())) return ISSUE.out_of_range;
    const iso = at.toISOString();
    const text = kind === 'date' ? iso.slice(0, 10) : `${iso.slice(0, 10)} ${iso.slice(11, 19)}`;
    return emit(Buffer.from(kind === 'timestamptz' ? `${text}+00` : text, 'latin1'), sink);
  };
}

const ZONE = /(Z|[+-]\d{2}:\d{2})$/;

/** "2024-01-02T03:04:05.678Z" and its shorter forms; a zone is applied, so that the target holds the same instant in UTC. */
function parseDateTime(kind: ColumnMapping['kind']): FieldCodec {
  return (bytes, start, end, _storage, sink) => {
    const text = latin1(bytes, start, end);
    const zone = ZONE.exec(text.slice(10))?.[1];
    const local = zone === undefined ? text : text.slice(0, -zone.length);
    if (kind === 'date') {
      const midnight = /^(?:[ T]00:00(?::00(?:\.0+)?)?)?$/.test(local.slice(10));
      return midnight ? emit(Buffer.from(local.slice(0, 10), 'latin1'), sink) : ISSUE.too_precise;
    }
    const time = local.slice(11) === '' ? '00:00:00' : local.slice(11);
    const full = `${local.slice(0, 10)} ${time.length === 5 ? `${time}:00` : time}`;
    const utc = zone === undefined || zone === 'Z' ? full : shifted(full, zone);
    return emit(Buffer.from(kind === 'timestamptz' ? `${utc}+00` : utc, 'latin1'), sink);
  };
}

function shifted(local: string, zone: string): string {
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6));
  const offset = zone.startsWith('-') ? minutes : -minutes;
  const at = new Date(Date.parse(`${local.slice(0, 10)}T${local.slice(11, 19)}Z`) + offset * 60_000).toISOString();
  return `${at.slice(0, 10)} ${at.slice(11, 19)}${local.slice(19)}`;
}
