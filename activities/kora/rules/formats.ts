import type { TextFormat } from '../../../contracts/rules.js';

/** The longest text that is looked at; a longer one is of none of these forms, or cannot be judged. */
export const TEXT_MAX = 4096;

const EMAIL =
  /^[^\s@,;<>"()[\]\\]{1,64}@(?=.{1,255}$)[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?(?:\.[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?)+$/u;
const PHONE = /^\+?[\d\s()./-]{5,24}(?:\s?(?:x|ext\.?)\s?\d{1,6})?$/i;
const POSTAL = /^(?=.*\d)[A-Z0-9][A-Z0-9 -]{1,8}[A-Z0-9]$/i;
const IBAN = /^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/;
const URL_FORM = /^https?:\/\/[^\s/$.?#][^\s]*$/i;
const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

/** Is a text of this form? None of these looks back: the time is linear in the text's length. */
export const FORMATS: Readonly<Record<TextFormat, (text: string) => boolean>> = {
  email: (text) => text.length <= 320 && EMAIL.test(text),
  phone: (text) => PHONE.test(text) && digitsOf(text) >= 5,
  iban: (text) => isIban(text),
  postal_code: (text) => POSTAL.test(text),
  json: isJson,
  url: (text) => URL_FORM.test(text),
  uuid: (text) => UUID.test(text),
};

function digitsOf(text: string): number {
  let digits = 0;
  for (const character of text) if (character >= '0' && character <= '9') digits += 1;
  return digits;
}

/** ISO 13616: letters count from 10, the first four characters stand last, and 97 leaves 1. */
function isIban(text: string): boolean {
  const plain = text.replaceAll(' ', '').toUpperCase();
  if (!IBAN.test(plain)) return false;
  let rest = 0;
  for (const character of plain.slice(4) + plain.slice(0, 4)) {
    const value = parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

/** An object or a list: a bare number or word is JSON, too, and says nothing. */
function isJson(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
