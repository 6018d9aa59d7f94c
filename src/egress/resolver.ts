import { CANCELLED, Resolver } from 'node:dns/promises';
import type { Deadline } from './deadline.ts';
import { errorCode, SendFailure } from './send-failure.ts';

/** One try; the second waits longer. Name servers answer in milliseconds or not at all. */
const TRY_TIMEOUT_MS = 1_500;
const TRIES = 2;
/** How long the slower family may keep the faster one waiting (RFC 8305 has 50 ms, for browsers). */
const OTHER_FAMILY_GRACE_MS = 250;

/**
 * Names to addresses by c-ares, not by the system's lookup: that one blocks a thread of a pool of four, so a
 * few dead names would delay every other. /etc/hosts and search domains are not consulted; a name means what
 * the DNS says. Nothing is cached here: name servers do it, and kept connections spare most lookups.
 */
export class NameResolver {
  readonly #resolver = new Resolver({ timeout: TRY_TIMEOUT_MS, tries: TRIES });

  /** `servers`: `host:port` each, instead of the system's. */
  constructor(servers?: readonly string[]) {
    if (servers !== undefined && servers.length > 0) this.#resolver.setServers(servers);
  }

  /** All IPv4 and IPv6 addresses of a name, the families in turn. Throws DNS_FAILED when there is none. */
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
        // The query itself is left to its own timeout: a resolver can only cancel everybody's.
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
