export const deliveryStatuses = [
  'PENDING',
  'DELIVERING',
  'RETRYING',
  'SUCCEEDED',
  'FAILED',
  'DEAD_LETTER',
] as const;

/** What a delivery is at. */
export type DeliveryStatus = (typeof deliveryStatuses)[number];

/** Which changes of the log; what it leaves out is passed over. */
export type LogFilter = Readonly<{
  id?: readonly string[] | null | undefined;
  endpointId?: readonly string[] | null | undefined;
  eventId?: readonly string[] | null | undefined;
  /** Exact names of event types. */
  eventType?: readonly string[] | null | undefined;
  /** The statuses that a delivery changed to. */
  status?: readonly DeliveryStatus[] | null | undefined;
  kind?: readonly string[] | null | undefined;
  tenant?: readonly string[] | null | undefined;
  /** Deliveries that were created at this instant or later. */
  createdAfter?: string | null | undefined;
  createdBefore?: string | null | undefined;
  isReplayed?: boolean | null | undefined;
}>;

/** One status change of one delivery, as the log shows it unless `select` says otherwise. */
export type Change = {
  /** Its number in the log. */
  position: number;
  /** RFC 3339. */
  occurredAt: string;
  deliveryId: string;
  endpointId: string;
  eventType: string;
  status: DeliveryStatus;
  /** Null where the delivery was created. */
  previousStatus: DeliveryStatus | null;
  failureReason: string | null;
  attemptNumber: number;
  responseStatus: number | null;
};

/** What the log is read with: each message says what it covers and carries the changes that the filter let through. */
export type Batch = Readonly<{
  after: number;
  position: number;
  head: number;
  changes: readonly Readonly<Record<string, unknown> & { position: number }>[];
}>;
