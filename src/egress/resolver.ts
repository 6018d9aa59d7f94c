import { CANCELLED, Resolver } from 'node:dns/promises';
import type { Deadline } from './deadline.ts';
import { errorCode, SendFailure } from './send-failure.ts';

/** How long the first try waits; the second waits longer. Name servers answer in milliseconds or not at all. */
const TRY_TIMEOUT_MS = 1_500;
const TRIES = 2;
/**
 * When the addresses of one family (IPv4 or IPv6) have come, how long to wait for the other (RFC 8305 says 50 ms, for
 * browsers).
 */
const OTHER_FAMILY_GRACE_MS = 250;

/**
 * Resolves names with c-ares instead of the system's lookup, which blocks one of only four threads, so that a few dead
 * names would delay all others. /etc/hosts and search domains are not used; only the DNS counts. Nothing is cached
 * here: name servers cache, and kept connections make most lookups unnecessary.
 */
export class NameResolver {
  readonly #resolver = new Resolver({ timeout: TRY_TIMEOUT_MS, tries: TRIES });

  /** `servers`: the name servers to ask instead of the system's, each as `host:port`. */
  constructor(servers?: readonly string[]) {
    if (servers !== undefined && servers.length > 0) this.#resolver.setServers(servers);
  }

  /** All IPv4 and IPv6 addresses of a name, alternating between the two. Throws DNS_FAILED if there are none. */
  resolve(name: string, deadline: Deadline): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      const answers: { ipv4: readonly string[]; ipv6: readonly string[] } = { ipv4: [], ipv6: [] };
      const errors: unknown[] = [];
      let pending = 2;
      let grace: NodeJS.Timeout | undefined;

      const finish = (): void => {
        clearTimeout(grace);
        const addresses = interleave(answers.ipv4, answers.ipv6);
        if (addresses.length > 0) resolve(addresses);
        else reject(dnsFailure(errors));
      };
      const settleOne = (): void => {
        pending -= 1;
        if (pending === 0) finish();
        else if (answers.ipv4.length + answers.ipv6.length > 0)
          grace = setTimeout(finish, OTHER_FAMILY_GRACE_MS);
      };
      const ask = async (family: 'ipv4' | 'ipv6'): Promise<void> => {
        try {
          answers[family] = await (family === 'ipv4'
            ? this.#resolver.resolve4(name)
            : this.#resolver.resolve6(name));
        } catch (error) {
          errors.push(error);
        }
        settleOne();
      };

      deadline.onExpiry((failure) => {
        clearTimeout(grace);
        // The query itself runs until its own timeout: a resolver can only cancel all its queries at once.
        reject(failure);
      });
      void ask('ipv4');
      void ask('ipv6');
    });
  }

  close(): void {
    this.#resolver.cancel();
  }
}

function interleave(first: readonly string[], second: readonly string[]): readonly string[] {
  const turns = Array.from({ length: Math.max(first.length, second.length) }, (_, turn) => turn);
  return turns.flatMap((turn) => [first[turn], second[turn]].filter((address) => address !== undefined));
}

function dnsFailure(errors: readonly unknown[]): SendFailure {
  const codes = errors.map(errorCode);
  const worst = codes.find((code) => code !== 'ENODATA' && code !== 'ENOTFOUND') ?? codes[0];
  switch (worst) {
    case 'ENOTFOUND':
      return new SendFailure('DNS_FAILED', 'the host name does not exist');
    case 'ENODATA':
      return new SendFailure('DNS_FAILED', 'the host name has no address');
    case 'ETIMEOUT':
    case 'ECONNREFUSED':
      return new SendFailure('DNS_FAILED', 'the name servers did not answer');
    case 'EBADNAME':
      return new SendFailure('DNS_FAILED', 'the host name is not valid');
    case CANCELLED:
      return new SendFailure('DNS_FAILED', 'the lookup of the host name was cancelled');
    default:
      return new SendFailure('DNS_FAILED', 'the name servers could not resolve the host name');
  }
}
