export const deliveryStatuses = [
  'PENDING',
  'DELIVERING',
  'RETRYING',
  'SUCCEEDED',
  'FAILED',
  'DEAD_LETTER',
] as const;

/** The status of a delivery. */
export type DeliveryStatus = (typeof deliveryStatuses)[number];

/** Only changes of the log that match; the others are skipped. */
export type LogFilter = Readonly<{
  id?: readonly string[] | null | undefined;
  endpointId?: readonly string[] | null | undefined;
  eventId?: readonly string[] | null | undefined;
  /** Exact names of event types. */
  eventType?: readonly string[] | null | undefined;
  /** Only changes to these statuses. */
  status?: readonly DeliveryStatus[] | null | undefined;
  /** Only changes that one of these answers led to. */
  responseStatus?: readonly number[] | null | undefined;
  kind?: readonly string[] | null | undefined;
  tenant?: readonly string[] | null | undefined;
  /** Only deliveries that were created at this instant or later. */
  createdAfter?: string | null | undefined;
  createdBefore?: string | null | undefined;
  isReplayed?: boolean | null | undefined;
}>;

/** One status change of one delivery, as the log shows it unless `select` says otherwise. */
export type Change = {
  /** The number of the change in the log. */
  position: number;
  /** RFC 3339. */
  occurredAt: string;
  deliveryId: string;
  endpointId: string;
  eventType: string;
  status: DeliveryStatus;
  /** Null if the change created the delivery. */
  previousStatus: DeliveryStatus | null;
  failureReason: string | null;
  attemptNumber: number;
  responseStatus: number | null;
};

/**
 * The document that reads the log. Each message tells which part of the log it covers, and holds the matching
 * changes.
 */
export type Batch = Readonly<{
  after: number;
  position: number;
  head: number;
  changes: readonly Readonly<Record<string, unknown> & { position: number }>[];
}>;
