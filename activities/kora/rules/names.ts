/** Words of a name in their stem: "billingPostal_Codes" is billing, postal, code. */
export function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
    .map(stem);
}

/** The singular, as far as English endings tell it. */
function stem(word: string): string {
  if (word.length <= 3 || !word.endsWith('s') || /(?:ss|us|is|as)$/.test(word)) return word;
  if (word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  return /(?:sh|ch|x|ss)es$/.test(word) ? word.slice(0, -2) : word.slice(0, -1);
}

const set = (words: string): ReadonlySet<string> => new Set(words.split(' '));

/** Said of what has happened. */
export const PAST = set(
  'created create creation updated update modified changed birth born birthday dob birthdate ordered order hire hired joined join ' +
    'registered registration signup signed paid payment invoice shipped sent received login logged seen posted published ' +
    'opened closed started finished completed cancelled canceled deleted added inserted logged visited accessed event transaction',
);
/** Said of what is to come. */
export const FUTURE = set(
  'due expiry expire expiration until end ends valid planned plan schedule scheduled next deadline required require target estimated ' +
    'expected delivery renewal renew to',
);
/** Numbers of which less than nothing is not meant. */
export const AMOUNTS = set(
  'price amount total cost fee salary qty quantity count stock age size weight height length width depth duration millisecond ' +
    'second minute hour day byte pages page rating score capacity population distance area volume rate tax subtotal sum fare wage ' +
    'budget units unit number seats',
);
/** Numbers of which it is. */
export const SIGNED = set(
  'balance delta difference diff change latitude longitude lat lng lon offset temperature adjustment credit debit profit margin loss ' +
    'variance gain net movement x y z',
);
export const CODES = set(
  'status type kind state gender sex category level priority method mode role size color colour unit currency country language ' +
    'class grade tier flag code stage channel source reason visibility severity',
);
/** Names of things that no two rows share. */
export const UNIQUE = set(
  'code email mail sku isbn slug username login uuid guid iban vin ean barcode serial token handle',
);
/** Said of codes that many rows share. */
export const SHARED = set('postal zip country currency language state status region type area');
/** Said of columns that are parts of a key. */
export const KEY_PARTS = set(
  'id no number nr code key date day year month week line position seq sequence rank version',
);
export const TOTALS = set('total amount sum subtotal');
export const QUANTITIES = set('qty quantity count units unit number');
export const PRICES = set('price cost rate fee');
/** A value of one of the first decides one of the second. */
export const DETERMINES: readonly (readonly [ReadonlySet<string>, ReadonlySet<string>])[] = [
  [set('zip postal postcode plz zipcode'), set('city town state region province county country')],
  [set('city town'), set('state region province country')],
  [set('code id no number sku isbn abbreviation iso'), set('name title description label')],
];

const FROM_TO: readonly (readonly [ReadonlySet<string>, ReadonlySet<string>])[] = [
  [set('start started starts begin begins from valid'), set('end ended ends finish finished stop to until till')],
  [set('min minimum low lower least'), set('max maximum high upper most')],
  [
    set('created create creation inserted added opened open'),
    set('updated update modified changed deleted closed close'),
  ],
  [set('ordered order placed'), set('shipped ship delivered paid')],
  [set('birth born birthdate birthday dob'), set('hire hired joined join death died registered created')],
  [set('hire hired joined join'), set('left leave terminated resigned')],
  [set('checkin arrival departure'), set('checkout departure arrival')],
  [set('issued issue invoice'), set('paid due')],
];
/** Words that say only what sort of thing a column holds. */
const EMPTY = set('date time at on timestamp datetime day value ts dt');

export function hasWord(words: readonly string[], wanted: ReadonlySet<string>): boolean {
  return words.some((word) => wanted.has(word));
}

/** Do the names say that one comes before the other? What else they say must be the same. */
export function areOrdered(from: readonly string[], to: readonly string[]): boolean {
  return FROM_TO.some(([first, second]) => {
    if (!hasWord(from, first) || !hasWord(to, second)) return false;
    const rest = (words: readonly string[], said: ReadonlySet<string>): string =>
      words.filter((word) => !said.has(word) && !EMPTY.has(word)).join(' ');
    return rest(from, first) === rest(to, second);
  });
}
