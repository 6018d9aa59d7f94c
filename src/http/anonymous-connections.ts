import { networkOf } from './client-address.ts';
import { Holdings } from './holdings.ts';
import type { Metrics } from './metrics.ts';

/**
 * Holds a connection whose client has not said yet who it is. They cost a client nothing, so there is an end to them: to
 * all together, and to those of one address. Throws RATE_LIMITED where there are too many; call the returned function
 * when the client has said who it is, or has gone, or both.
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
