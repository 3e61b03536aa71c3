/** A result was wrong: there is no number without its check. */
export class WrongResult extends Error {
  override readonly name = 'WrongResult';
}
