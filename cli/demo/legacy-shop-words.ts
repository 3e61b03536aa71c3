/** Words of the demo shop, in the languages of its customers. */
type Words = readonly [string, ...string[]];

export const FIRST_NAMES: Words = [
  ...(['Anna', 'Jürgen', 'Zoë', 'Łukasz', 'María José', 'Nguyễn', 'Søren', 'Αθηνά', 'Дмитрий', 'Ольга'] as const),
  ...['小明', '美咲', '지훈', 'פָּנִינָה', 'فاطمة', 'Çağlar', 'Ólafur', 'Šárka', 'Ștefan', 'Gökçe', 'Amélie', 'François'],
  ...['Emma', 'Liam', 'Olivia', 'Noah', 'Amina', 'Kwame', 'Priya', 'Björk', 'Renée', 'Hélène', 'Ramón', 'Inês'],
];
export const LAST_NAMES: Words = [
  ...(['Müller', 'Schröder', 'Weiß', 'Kowalczyk', 'García Muñoz', 'Trần', 'Ångström', 'Παπαδοπούλου'] as const),
  ...['Иванов', 'Шевченко', '王', '佐藤', '김', 'כהן', 'الحسن', 'Yıldız', 'Guðmundsdóttir', 'Dvořák', 'Ionescu'],
  ...['Lefèvre', "O'Brien", 'Smith', 'van der Berg', 'Nkrumah', 'Sharma', 'Fernández', 'Gonçalves', 'Jones', 'Kim'],
];
export const CITIES: Words = [
  ...([
    'Zürich',
    'Kraków',
    'São Paulo',
    'København',
    'Αθήνα',
    'Київ',
    '東京',
    '서울',
    'İstanbul',
    'Reykjavík',
  ] as const),
  ...['Málaga', 'Köln', 'Besançon', 'Dublin', 'Accra', 'Chennai', 'Toronto', 'Łódź', 'Brașov', 'تونس'],
];
export const STREETS: Words = [
  ...(['Bahnhofstraße', 'Rue de l’Église', 'ul. Świętokrzyska', 'Calle Peñón', 'Main Street', 'Hlavní'] as const),
  ...['İstiklal Caddesi', 'Storgatan', 'Via Garibaldi', 'вул. Хрещатик', 'Avenida São João', 'High Street'],
];
export const ADJECTIVES: Words = [
  ...(['Leather', 'Wooden', 'Brass', 'Woollen', 'Enamel', 'Linen', 'Crème', 'Grün', 'Señorial', 'Folding'] as const),
  ...['Alpine', 'Nordic', 'Vintage', 'Pocket', 'Travelling', 'Façade', 'Émaillé', 'Silent', 'Desert', 'Oasis'],
];
export const NOUNS: Words = [
  ...(['saddle', 'lantern', 'kettle', 'blanket', 'compass', 'tent', 'Schlüssel', 'jalapeño jar', 'teapot'] as const),
  ...['rope', 'map', 'flask', 'notebook', 'café tray', 'brush', 'bowl', 'camel bell', 'carpet', 'lamp', 'trunk'],
];
export const CATEGORIES: Words = [
  ...(['Home', 'Garden', 'Travel', 'Kitchen', 'Büro', 'Décoration', 'Juguetes', 'Książki', '文具', 'Outdoor'] as const),
];
export const TAGS: Words = [
  ...(['new', 'sale', 'handmade', 'bio', 'geschenk', 'été', 'limited', 'fragile', 'best-seller', '春'] as const),
];
export const OPINIONS: Words = [
  'Works as described, delivered in two days.',
  'Leider schon nach einer Woche kaputt – schade!',
  'Très belle qualité, je recommande ★★★★★',
  'La caja llegó abierta, pero el producto está bien. ¡Gracias!',
  'Świetny prezent, żona zachwycona 😊',
  '思ったより小さいですが、とても気に入りました。',
  'Отличное качество, беру второй раз.',
  'منتج رائع وسعر مناسب',
  'Fine.\nBut the\tmanual is "lost in translation" \\ incomplete.',
];
export const COMPANIES: Words = ['GmbH', 'S.A.', 'Ltd', 'Sp. z o.o.', 'AB', '株式会社', 'ООО', 'Inc.'];
export const COUPON_WORDS: Words = ['SUMMER', 'WINTER', 'SPRING', 'CARAVAN', 'OASIS', 'LUCKY', 'FRIEND', 'VIP'];
