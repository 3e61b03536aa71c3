import type { ChosenType, TypeContext } from './choice.js';
import * as choose from './choosers-mysql.js';
import type { Chooser, TypeExample, TypeRow } from './type-rows.js';

function row(names: string, chooser: Chooser, ...examples: readonly (string | TypeExample)[]): TypeRow {
  return {
    names: names.split(', '),
    choose: chooser,
    examples: examples.map((example) => (typeof example === 'string' ? { declared: example } : example)),
  };
}

const FLAGS: TypeExample = { declared: 'tinyint(1)', holding: 'only 0 and 1', profile: { min: '0', max: '1' } };
const NUMBERS: TypeExample = { declared: 'tinyint(1)', holding: 'other numbers', profile: { min: '-128', max: '2' } };
const CLOCK: TypeExample = {
  declared: 'time(3)',
  holding: 'times of a day',
  profile: { min: '00:00:00', max: '23:59:59' },
};
const SPAN: TypeExample = {
  declared: 'time(3)',
  holding: 'times outside a day',
  profile: { min: '-838:59:59', max: '838:59:59' },
};
const BYTES = 'binary, varbinary, tinyblob, blob, mediumblob, longblob';
const PLACES =
  'geometry, point, linestring, polygon, multipoint, multilinestring, multipolygon, geometrycollection, geomcollection';

/** Every type of MySQL 5.7 to 9 and of MariaDB up to 11, by the base name that its catalogue prints. */
export const MYSQL_TYPES: readonly TypeRow[] = [
  row('tinyint, bool, boolean', choose.tinyint, FLAGS, NUMBERS, 'tinyint(4)', 'tinyint(3) unsigned'),
  row('smallint', choose.integer('smallint', 'integer'), 'smallint(6)', 'smallint(5) unsigned'),
  row('mediumint', choose.integer('integer', 'integer'), 'mediumint(9)', 'mediumint(8) unsigned zerofill'),
  row('int, integer', choose.integer('integer', 'bigint'), 'int(11)', 'int(10) unsigned'),
  row('bigint', choose.bigint, 'bigint(20)', 'bigint(20) unsigned'),
  row('decimal, numeric, dec, fixed', choose.decimal, 'decimal(10,2)', 'decimal(65,30)', 'decimal(5,0)'),
  row('float', choose.plain('real', 'float4'), 'float', 'float(7,4) unsigned'),
  row('double, double precision, real', choose.plain('double precision', 'float8'), 'double'),
  row('bit', choose.bit, 'bit(1)', 'bit(64)'),
  row('char', choose.char, 'char(3)'),
  row('varchar', choose.varchar, 'varchar(255)', 'varchar(0)'),
  row('tinytext, text, mediumtext, longtext', choose.text, 'longtext', {
    declared: 'longtext',
    holding: 'what a check keeps valid JSON (JSON of MariaDB)',
    jsonChecked: true,
  }),
  row(
    'enum',
    choose.enumeration,
    { declared: `enum('a','b')`, labels: ['a', 'b'] },
    { declared: 'enum(…)', holding: 'a label of more than 63 bytes', labels: ['x'.repeat(64)] },
  ),
  row('set', choose.set, { declared: `set('a','b')`, labels: ['a', 'b'] }),
  row('json', choose.json, 'json'),
  row('date', choose.plain('date', 'date'), 'date'),
  row('datetime', choose.datetime, 'datetime', 'datetime(6)'),
  row('timestamp', choose.timestamp, 'timestamp', 'timestamp(3)'),
  row('time', choose.time, CLOCK, SPAN),
  row('year', choose.year, 'year(4)'),
  row(BYTES, choose.bytes, 'binary(16)', 'longblob'),
  row('uuid', choose.uuid, 'uuid'),
  row('inet4, inet6', choose.inet, 'inet4', 'inet6'),
  row(PLACES, choose.place, 'point', 'geometrycollection'),
  row('vector', choose.vector, 'vector(3)'),
];

const BY_NAME: ReadonlyMap<string, Chooser> = new Map(
  MYSQL_TYPES.flatMap(({ names, choose: chooser }) => names.map((name) => [name, chooser] as const)),
);

/** Target type of a MySQL or MariaDB column. */
export function chooseMysqlType(context: TypeContext): ChosenType {
  // MariaDB writes "/* mariadb-5.3 */" behind old types, and "zerofill" where only the display is meant.
  const base = context.column.type.base
    .toLowerCase()
    .replace(/\s*\/\*.*$/, '')
    .trim();
  const chooser = BY_NAME.get(base);
  return chooser ? chooser(context) : { refused: `the type ${context.column.type.declared} has no mapping` };
}
