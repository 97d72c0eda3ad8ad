/**
 * Which addresses may be called: only those of the public internet, judged by the address that is
 * really connected to, so that a name cannot lead inside. Owns the list of what is not public.
 */
import { lookup as lookupName } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** RFC 6890 and what came after it: this network, private, shared, loopback, link-local, test, multicast. */
const BLOCKED_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/** Only global unicast is public, and of it not what wraps IPv4 or is for documents. */
const PUBLIC_V6 = '2000::/3';
const BLOCKED_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const blockedV4 = listOf(BLOCKED_V4, 'ipv4');
const publicV6 = listOf([PUBLIC_V6], 'ipv6');
const blockedV6 = listOf(BLOCKED_V6, 'ipv6');

function listOf(networks: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [net = '', bits = ''] = network.split('/');
    list.addSubnet(net, Number(bits), family);
  }
  return list;
}

/** Whether an IP address is one of the public internet. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !blockedV4.check(address, 'ipv4');
  if (family === 6) return publicV6.check(address, 'ipv6') && !blockedV6.check(address, 'ipv6');
  return false;
}

const LOCAL_NAMES = /(^|\.)(localhost|local|internal|intranet|lan|home|corp|home\.arpa)$/;

/** What is wrong with a URL as a webhook; undefined: nothing. Looks up no name. */
export function urlProblem(text: string, insecure: boolean): string | undefined {
  if (!URL.canParse(text)) return 'a URL';
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(insecure && url.protocol === 'http:')) return 'an https URL';
  if (url.username !== '' || url.password !== '') return 'a URL without a user or password';
  if (url.hash !== '') return 'a URL without a fragment';
  if (insecure) return undefined;
  const host = hostOf(url);
  if (isIP(host) !== 0) return isPublicAddress(host) ? undefined : 'a public address';
  const name = host.replace(/\.$/, '').toLowerCase();
  return LOCAL_NAMES.test(name) || !name.includes('.') ? 'a public name' : undefined;
}

/** The host without the brackets of an IPv6 address. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

/** Nothing was sent: the address is not one that may be called. */
export class BlockedAddressError extends Error {
  override readonly name = 'BlockedAddressError';
}

/**
 * Resolves a name for a connection and refuses it when any of its addresses is not public: a name
 * that leads both ways is not to be trusted.
 */
export function publicLookup(
  hostname: string,
  options: Parameters<LookupFunction>[1],
  callback: Parameters<LookupFunction>[2],
): void {
  lookupName(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, '', 0);
    const [first] = addresses;
    if (first === undefined || !addresses.every(({ address }) => isPublicAddress(address))) {
      return callback(new BlockedAddressError('the name leads to a private address'), '', 0);
    }
    if (options.all === true) return callback(null, addresses);
    return callback(null, first.address, first.family);
  });
}
