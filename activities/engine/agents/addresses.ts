import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { CaravanFailure } from '../../../contracts/failures.js';

/** An address that was checked; the connection is made to it and to no other. */
export interface CheckedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** What is no address of the public network: IANA's special-purpose registries. */
const NOT_PUBLIC: readonly (readonly [network: string, bits: number, family: 'ipv4' | 'ipv6'])[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.0.2.0', 24, 'ipv4'],
  ['192.88.99.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
];

/** Of IPv6 only what is given out (2000::/3) is public, less what stands for something else in it. */
const PUBLIC_6 = blocks([['2000::', 3, 'ipv6']]);
const CLOSED = blocks([
  ...NOT_PUBLIC,
  ['2001::', 23, 'ipv6'],
  ['2001:db8::', 32, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['3fff::', 20, 'ipv6'],
]);

function blocks(networks: typeof NOT_PUBLIC): BlockList {
  const list = new BlockList();
  for (const [network, bits, family] of networks) list.addSubnet(network, bits, family);
  return list;
}

export function isPublic(address: string): boolean {
  if (isIP(address) === 4) return !CLOSED.check(address, 'ipv4');
  return PUBLIC_6.check(address, 'ipv6') && !CLOSED.check(address, 'ipv6');
}

/** The host's name without what URLs put around it. */
export function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
}

export function portOf({ protocol, port }: URL): number {
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : 80;
}

/** Named by the operator: as `host`, with any port, or as `host:port`. */
function isAllowed(url: URL, allow: readonly string[]): boolean {
  const host = url.hostname.replace(/\.$/, '');
  return [host, `${host}:${String(portOf(url))}`].some((name) => allow.includes(name));
}

/**
 * The one address that a request goes to. Every address that the name stands for must be public, unless the operator
 * allows the host; it is looked up once, so that a name that changes its mind changes nothing.
 */
export async function checkedAddress(url: URL, allow: readonly string[]): Promise<CheckedAddress> {
  const host = bareHost(url);
  const family = isIP(host);
  const found = family === 0 ? await resolved(host) : [{ address: host, family }];
  if (!isAllowed(url, allow) && !found.every(({ address }) => isPublic(address))) {
    throw new CaravanFailure('ADDRESS_REFUSED', {
      attempted: 'call',
      on: url.host,
      seen: 'it is a private address, of this machine or of its network',
    });
  }
  const [first] = found;
  if (first === undefined) throw unresolved(host);
  return { address: first.address, family: first.family === 6 ? 6 : 4 };
}

async function resolved(host: string): Promise<readonly { address: string; family: number }[]> {
  try {
    return await lookup(host, { all: true });
  } catch {
    throw unresolved(host);
  }
}

function unresolved(host: string): CaravanFailure {
  return new CaravanFailure('HTTP_UNAVAILABLE', { attempted: 'find', on: host, seen: 'the name has no address now' });
}
