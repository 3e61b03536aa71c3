import type { Classified } from './classify.js';

/** What became of a text. */
export function classifyText(source: string, target: string): Classified {
  if (source.trimEnd() === target.trimEnd()) return { code: 'trailing_blanks' };
  if (source.startsWith(target)) return { code: 'truncated' };
  if (source.normalize('NFC') === target.normalize('NFC')) return { code: 'unicode_normalized' };
  if (isDamaged(source, target)) return { code: 'encoding_damaged' };
  if (source.toLowerCase() === target.toLowerCase()) return { code: 'case_changed' };
  return { code: 'value_differs' };
}

const OTHERS = ['latin1', 'windows-1252', 'iso-8859-2', 'windows-1251'] as const;

/** UTF-8 that was taken for another character set, or back; or what no character set could hold, as a mark. */
function isDamaged(source: string, target: string): boolean {
  if (/^[\x00-\x7f]*$/.test(source) && /^[\x00-\x7f]*$/.test(target)) return false;
  const marked = (mark: string, unit: RegExp): string => source.replace(unit, mark);
  const lost = [/[^\x00-\x7f]/gu, /[^\x00-\x7f]/g].flatMap((unit) =>
    ['?', '\ufffd', ''].map((mark) => marked(mark, unit)),
  );
  if (lost.includes(target) || target.includes('\ufffd')) return true;
  return OTHERS.some((name) => taken(source, name) === target || taken(target, name) === source);
}

/** The text's UTF-8 bytes, read in another character set. The decoder takes "latin1" for windows-1252. */
function taken(text: string, charset: (typeof OTHERS)[number]): string {
  const bytes = Buffer.from(text, 'utf8');
  return charset === 'latin1' ? bytes.toString('latin1') : new TextDecoder(charset).decode(bytes);
}
