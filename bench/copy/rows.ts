/**
 * The bench's rows: the same for the same number, on every machine. Twelve columns, about 170 bytes a row as text: a
 * key, numbers, an enum, dates, an e-mail address, and words of several scripts.
 */
export const COLUMNS = [
  'id',
  'account',
  'status',
  'amount',
  'weight',
  'active',
  'ordered_at',
  'due_on',
  'email',
  'city',
  'note',
  'reference',
] as const;

export const TABLE = 'orders';

export const MARIADB_TABLE = `CREATE TABLE ${TABLE} (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  account INT NOT NULL,
  status ENUM('new','paid','packed','sent','returned') NOT NULL,
  amount DECIMAL(12,2) NOT NULL,
  weight DOUBLE NOT NULL,
  active TINYINT(1) NOT NULL,
  ordered_at DATETIME NOT NULL,
  due_on DATE NULL,
  email VARCHAR(120) NOT NULL,
  city VARCHAR(60) NOT NULL,
  note TEXT NULL,
  reference BIGINT NOT NULL
) ENGINE=InnoDB`;

const STATUS = ['new', 'paid', 'packed', 'sent', 'returned'];
const CITIES = [
  'Zürich',
  'Paris',
  'São Paulo',
  'Αθήνα',
  'Москва',
  '東京',
  '서울',
  'القاهرة',
  'New York',
  'Łódź',
  'İzmir',
];
const NAMES = ['anna', 'ben', 'carla', 'dmitri', 'elif', 'farid', 'greta', 'hiro', 'ines', 'jan', 'kim', 'lena'];
const HOSTS = ['example.com', 'mail.example.org', 'post.example.net', 'inbox.example'];
const WORDS = [
  ...['delivery', 'order', 'please', 'ring', 'twice', 'the', 'gift', 'wrapped', 'invoice', 'to', 'office', 'urgent'],
  ...['Lieferung', 'bitte', 'über', 'Straße', 'für', 'commande', 'déjà', 'reçu', 'señor', 'mañana', 'coração'],
  ...['доставка', 'заказ', 'срочно', 'адрес', 'παραγγελία', 'γρήγορα', 'σήμερα', '配送', '注文', '至急', '明日'],
  ...['주문', '배송', 'طلب', 'شكرا', 'עכשיו', 'धन्यवाद', '🎁', '👍🏽', 'C:\\temp', 'a\\b'],
];

/** xorshift32: the same numbers everywhere, fast. */
function randomOf(seed: number): (below: number) => number {
  let state = seed | 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const two = (value: number): string => (value < 10 ? `0${value}` : String(value));

/** A field of LOAD DATA's default form. */
const escaped = (text: string): string => (text.includes('\\') ? text.replaceAll('\\', '\\\\') : text);

function rowLine(id: number, random: (below: number) => number): string {
  const day = `20${two(10 + random(15))}-${two(1 + random(12))}-${two(1 + random(28))}`;
  const time = `${two(random(24))}:${two(random(60))}:${two(random(60))}`;
  const email = `${NAMES[random(NAMES.length)] ?? ''}.${random(1_000_000)}@${HOSTS[random(HOSTS.length)] ?? ''}`;
  let note = '\\N';
  if (random(20) > 0) {
    note = WORDS[random(WORDS.length)] ?? '';
    for (let more = 1 + random(13); more > 0; more -= 1) note += ` ${WORDS[random(WORDS.length)] ?? ''}`;
    note = escaped(note);
  }
  const amount = `${random(1_000_000)}.${two(random(100))}`;
  const reference = (random(2) === 0 ? -1 : 1) * (random(2 ** 31) * 2 ** 20 + random(2 ** 20));
  const due = random(10) === 0 ? '\\N' : day;
  const start = `${id}\t${random(2 ** 31) - 2 ** 30}\t${STATUS[random(STATUS.length)] ?? ''}\t${amount}`;
  const middle = `${random(1_000_000) / 1000}\t${random(2)}\t${day} ${time}\t${due}`;
  return `${start}\t${middle}\t${email}\t${CITIES[random(CITIES.length)] ?? ''}\t${note}\t${reference}\n`;
}

/** Lines of one piece: a megabyte or so. */
const PIECE_ROWS = 5000;

/** The rows as LOAD DATA reads them: UTF-8, tab between fields, `\N` for NULL. */
export function* rowPieces(rows: number): Generator<Buffer> {
  const random = randomOf(20_240_229);
  for (let from = 1; from <= rows; from += PIECE_ROWS) {
    let text = '';
    const last = Math.min(rows, from + PIECE_ROWS - 1);
    for (let id = from; id <= last; id += 1) text += rowLine(id, random);
    yield Buffer.from(text);
  }
}
