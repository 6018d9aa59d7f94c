import { networkOf } from './client-address.ts';
import { Holdings } from './holdings.ts';
import type { Metrics } from './metrics.ts';

/**
 * Counts a connection whose client has not been authenticated yet. Such connections cost a client nothing, so their
 * number is limited, in total and for each address. Throws RATE_LIMITED if there are too many. Call the returned
 * function when the client has been authenticated or has left; it may be called twice.
 */
export type HoldAnonymous = (address: string) => () => void;

export function createAnonymousConnections(options: {
  most: number;
  mostOfAddress: number;
  metrics: Metrics;
}): { hold: HoldAnonymous; ofAddress: Holdings } {
  const what = 'connections without a credential';
  const onRefused = () => options.metrics.tooMany('anonymous_connections');
  const all = new Holdings({ what, most: options.most, onRefused });
  const ofAddress = new Holdings({ what, most: options.mostOfAddress, onRefused });
  return {
    ofAddress,
    hold(address) {
      const releaseOne = all.hold('all');
      try {
        const releaseOfAddress = ofAddress.hold(networkOf(address));
        const uncount = options.metrics.anonymous();
        let isHeld = true;
        return () => {
          if (!isHeld) return;
          isHeld = false;
          releaseOne();
          releaseOfAddress();
          uncount();
        };
      } catch (error) {
        releaseOne();
        throw error;
      }
    },
  };
}
