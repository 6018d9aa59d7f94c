import { deliveryStatuses } from '../../client/change.ts';
import type { DeliveryStatus } from './generated/graphql.ts';
import { Shape, type ShapeName } from './shape.tsx';

export const statuses = deliveryStatuses satisfies readonly DeliveryStatus[];

const words: Readonly<Record<DeliveryStatus, string>> = {
  PENDING: 'Pending',
  DELIVERING: 'Delivering',
  RETRYING: 'Retrying',
  SUCCEEDED: 'Succeeded',
  FAILED: 'Failed',
  DEAD_LETTER: 'Dead letter',
};
const shapes: Readonly<Record<DeliveryStatus, ShapeName>> = {
  PENDING: 'ring',
  DELIVERING: 'half',
  RETRYING: 'again',
  SUCCEEDED: 'tick',
  FAILED: 'cross',
  DEAD_LETTER: 'square',
};

export const statusWord = (status: DeliveryStatus): string => words[status];

/** A status by word, colour and shape, so that none of them is needed alone. */
export function Status({ status }: Readonly<{ status: DeliveryStatus }>) {
  return (
    <span className={`status status-${status.toLowerCase()}`}>
      <Shape name={shapes[status]} /> {words[status]}
    </span>
  );
}

/** A name such as `ENDPOINT_INACTIVE` in words. */
export function wordsOf(constant: string): string {
  const text = constant.toLowerCase().replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
