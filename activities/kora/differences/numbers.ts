import { placesOf, scaled } from '../decimals.js';
import type { Classified } from './classify.js';

/** Limits at which other tools' types end: a value that is beyond them is cut there, or begins anew. */
const BITS = [8n, 16n, 24n, 32n, 64n] as const;

/** What became of a number, given in canonical decimal text. */
export function classifyDecimal(source: string, target: string): Classified {
  if (source === `-${target}` || target === `-${source}`) return { code: 'sign_changed' };
  if (isRounded(source, target)) return { code: 'rounded' };
  if (!source.includes('.') && !target.includes('.') && isOverflow(source, target)) return { code: 'overflowed' };
  return { code: 'value_differs' };
}

/** The same number to fewer digits: cut or rounded, behind the point or by a binary number in between. */
function isRounded(source: string, target: string): boolean {
  const [one, other] = [placesOf(source), placesOf(target)];
  if (one > other) {
    const difference = scaled(source, one) - scaled(target, one);
    return (difference < 0n ? -difference : difference) < 10n ** BigInt(one - other);
  }
  const number = Number(source);
  return [Math.fround(number), number].some((each) => each === Number(target) && each !== 0 && source !== target);
}

function isOverflow(source: string, target: string): boolean {
  const [one, other] = [BigInt(source), BigInt(target)];
  return BITS.some((bits) => {
    const [low, high] = [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n];
    const most = (1n << bits) - 1n;
    const isBeyond = one < low || one > high;
    const cut = one > most ? most : one > high ? high : one < low ? low : one;
    const isCut = isBeyond && (other === cut || (one > high && other === high));
    const isNegative = one < 0n && other === 0n && bits === 64n;
    const isWrapped =
      isBeyond && (other === BigInt.asIntN(Number(bits), one) || other === BigInt.asUintN(Number(bits), one));
    return isCut || isNegative || isWrapped;
  });
}

/** Both as IEEE 754, big-endian. */
export function classifyFloat(source: Buffer, target: Buffer): Classified {
  const [one, other] = [valueOf(source), valueOf(target)];
  if (one === -other) return { code: 'sign_changed' };
  if (Math.fround(one) === other) return { code: 'rounded' };
  for (let digits = 0; digits <= 17; digits += 1) {
    const cut = Math.trunc(one * 10 ** digits) / 10 ** digits;
    if (Number(one.toFixed(digits)) === other || cut === other) return { code: 'rounded' };
    if (digits > 0 && Number(one.toPrecision(digits)) === other) return { code: 'rounded' };
  }
  return { code: 'value_differs' };
}

function valueOf(bytes: Buffer): number {
  return bytes.length === 4 ? bytes.readFloatBE(0) : bytes.readDoubleBE(0);
}
