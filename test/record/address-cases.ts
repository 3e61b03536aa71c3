import { no, text } from './value-cases.js';
import type { ValueCases } from './value-cases.js';

/** A place as MySQL holds it: SRID, then WKB. */
function held(srid: number, wkb: string): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(srid);
  return Buffer.concat([head, Buffer.from(wkb, 'hex')]);
}

const POINT = '0101000000000000000000f03f0000000000000040';
const LINE = '010200000002000000000000000000f03f000000000000004000000000000008400000000000001040';
const COLLECTION = `010700000002000000${POINT}${LINE}`;

export const ADDRESSES: readonly ValueCases[] = [
  {
    title: 'addresses of both families, and no network',
    spec: { type: 'inet', kind: 'inet' },
    values: [
      ['0.0.0.0', '0.0.0.0/32'],
      ['255.255.255.255', '255.255.255.255/32'],
      ['192.0.2.1', '192.0.2.1/32'],
      ['::', '::/128'],
      ['::1', '::1/128'],
      ['2001:db8::ff00:42:8329', '2001:db8::ff00:42:8329/128'],
      ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8/128'],
      ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0/128'],
      ['::ffff:192.0.2.1', '::ffff:192.0.2.1/128'],
      ['FE80::ABCD', 'fe80::abcd/128'],
      [text('10.0.0.1'), '10.0.0.1/32'],
      ['10.0.0.0/8', no('bad_form')],
      ['10.0.0', no('bad_form')],
      ['10.0.0.256', no('bad_form')],
      ['fe80::1%eth0', no('bad_form')],
      ['1::2::3', no('bad_form')],
      ['', no('bad_form')],
    ],
  },
  {
    title: 'places as EWKB, with the SRID of those that have one',
    spec: { type: 'bytea', kind: 'geometry', transform: [{ op: 'to_ewkb' }] },
    values: [
      [held(0, POINT), `\\x${POINT}`],
      [held(4326, POINT), `\\x0101000020e6100000${POINT.slice(10)}`],
      [held(0xffffffff, POINT), `\\x0101000020ffffffff${POINT.slice(10)}`],
      [held(3857, COLLECTION), `\\x0107000020110f0000${COLLECTION.slice(10)}`],
      [held(0, '010700000000000000'), '\\x010700000000000000'],
      [held(0, `00${POINT.slice(2)}`), no('bad_form')],
      [held(0, '0108000000'), no('bad_form')],
      [Buffer.alloc(3), no('bad_form')],
    ],
  },
];
