const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Text in HTML or SVG. XML 1.0 has no form at all for most control characters and for halves of characters; those that turn
 * the direction of text, or are not seen, would show it as another. All become a mark of replacement.
 */
export function escapeMarkup(text: string): string {
  return text
    .toWellFormed()
    .replace(
      /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffe\uffff]/gu,
      '\ufffd',
    )
    .replace(/[&<>"']/gu, (character) => ENTITIES[character] ?? '');
}
