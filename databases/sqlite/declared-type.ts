import type { SourceType } from '../../contracts/catalogue.js';

const DECLARED = /^([^(]*)(?:\(\s*([+-]?\d+)\s*(?:,\s*([+-]?\d+)\s*)?\))?([^(]*)$/;
const WITH_PRECISION = new Set(['numeric', 'decimal', 'dec', 'number', 'money', 'currency', 'float', 'double', 'real']);

/** A declared type taken apart. SQLite takes any words, so what is not understood stays in `declared` and `base`. */
export function parseDeclaredType(declared: string): SourceType {
  const match = DECLARED.exec(declared.trim());
  const words = (match ? `${match[1] ?? ''} ${match[4] ?? ''}` : declared).toLowerCase().split(/\s+/).filter(Boolean);
  const unsigned = words.includes('unsigned');
  const base = words.filter((word) => word !== 'unsigned' && word !== 'signed').join(' ');
  const first = match?.[2] === undefined ? undefined : Math.abs(Number(match[2]));
  const second = match?.[3] === undefined ? undefined : Math.abs(Number(match[3]));
  const numeric = second !== undefined || WITH_PRECISION.has(base);
  return {
    base: unsigned && base === '' ? 'unsigned' : base,
    declared,
    ...(unsigned && { unsigned }),
    ...(first !== undefined && (numeric ? { precision: first } : { length: first })),
    ...(second !== undefined && { scale: second }),
  };
}
