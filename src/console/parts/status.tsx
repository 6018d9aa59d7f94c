import { deliveryStatuses } from '../../client/change.ts';
import type { DeliveryStatus } from './generated/graphql.ts';

export const statuses = deliveryStatuses satisfies readonly DeliveryStatus[];

const words: Readonly<Record<DeliveryStatus, string>> = {
  PENDING: 'Pending',
  DELIVERING: 'Delivering',
  RETRYING: 'Retrying',
  SUCCEEDED: 'Succeeded',
  FAILED: 'Failed',
  DEAD_LETTER: 'Dead letter',
};
const shapes: Readonly<Record<DeliveryStatus, string>> = {
  PENDING: '○',
  DELIVERING: '◐',
  RETRYING: '↻',
  SUCCEEDED: '✓',
  FAILED: '✕',
  DEAD_LETTER: '■',
};

export const statusWord = (status: DeliveryStatus): string => words[status];

/** A status by word, colour and shape: none of them carries it alone. */
export function Status({ status }: Readonly<{ status: DeliveryStatus }>) {
  return (
    <span className={`status status-${status.toLowerCase()}`}>
      <span aria-hidden="true">{shapes[status]}</span> {words[status]}
    </span>
  );
}

/** `ENDPOINT_INACTIVE` as people say it. */
export function wordsOf(constant: string): string {
  const text = constant.toLowerCase().replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
