import { abortSignalOf, type EndSignal } from '../access/ending.ts';
import type { Grant, GrantWatch } from '../access/grant-watch.ts';
import { type Context, requireActor } from '../graph/context.ts';
import { viewPermission } from './view-permission.ts';

declare module '../graph/context.ts' {
  interface Services {
    /** Ends the subscriptions of a removed member of an app. */
    grantWatch: Pick<GrantWatch, 'watchMember'>;
  }
}

/**
 * The stream of a subscription, which ends with its signal: when the credential ends, and, if the owner is an app
 * that the user sees as its member, also when the membership ends.
 */
export function whileMember<T>(
  context: Context,
  ownerId: string,
  open: (signal: AbortSignal | undefined) => AsyncIterableIterator<T>,
): AsyncIterableIterator<T> {
  const member = watchMember(context, ownerId);
  const signals = endingsOf(context, member).map(abortSignalOf);
  if (member === undefined) return open(signals[0]);
  return releasing(open(AbortSignal.any(signals)), () => member.release());
}

/** Watches the membership, if the owner is an app that the user sees as its member. */
export function watchMember(context: Context, ownerId: string): Grant | undefined {
  const { kind, tenantId, verifiedEmail } = requireActor(context);
  if (kind !== 'USER' || ownerId === tenantId || verifiedEmail === undefined) return undefined;
  return context.services.grantWatch.watchMember({
    appId: ownerId,
    email: verifiedEmail,
    permission: viewPermission.app,
  });
}

/** What ends a subscription: the end of the credential, and of the membership. */
export function endingsOf({ grantSignal }: Context, member: Grant | undefined): EndSignal[] {
  return [grantSignal, member?.ending].filter((ending) => ending !== undefined);
}

function releasing<T>(stream: AsyncIterableIterator<T>, release: () => void): AsyncIterableIterator<T> {
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      const result = await stream.next();
      if (result.done === true) release();
      return result;
    },
    async return(value?: unknown) {
      release();
      return (await stream.return?.(value)) ?? { done: true, value: undefined };
    },
  };
}
