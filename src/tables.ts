import type { ColumnType, Generated } from 'kysely';

/**
 * The tables as `migrations/` leaves them, for the typed queries. Columns are named as in SQL. A UUID is a string;
 * a timestamp has millisecond precision and is a Date.
 */
type Defaulted<T> = ColumnType<T, T | undefined, T>;

/** A header that is sent with each attempt: its value, or the value sealed (base64). */
export type StoredHeader = Readonly<
  | { name: string; value: string }
  /** With `signsBody` the sealed value is a key, and what is sent is a signature of the body under it. */
  | { name: string; sealed: string; signsBody?: true }
>;

export type SignatureScheme = 'HMAC_SHA256' | 'ED25519';

export const payloadOperators = [
  'EQ',
  'NE',
  'IN',
  'GT',
  'GTE',
  'LT',
  'LTE',
  'EXISTS',
  'STARTS_WITH',
  'CONTAINS',
] as const;
export type PayloadOperator = (typeof payloadOperators)[number];

/** A condition of an endpoint's filter, as it was given. `value` is absent for EXISTS. */
export type StoredCondition = Readonly<{ path: string; op: PayloadOperator; value?: unknown }>;

/** How an endpoint's deliveries are sent. A missing setting has its default. */
export type EndpointSending = Readonly<{
  headers?: readonly StoredHeader[];
  /** The seconds before each attempt. */
  retrySchedule?: readonly number[];
  timeoutMs?: number;
  /** Response statuses that end a delivery at once. */
  stopOn?: readonly number[];
  /** The prefix of the names of the signature's headers; `webhook-` if absent. */
  headerPrefix?: 'svix-';
  /** HMAC_SHA256 where absent. It stays as it was created. */
  signature?: 'ED25519';
  /** Who gets a mail when it fails. */
  alertEmails?: readonly string[];
  /** The trace of the event is handed to it. */
  sendTraceparent?: true;
  /** Which events it takes: those whose body meets all conditions. */
  filter?: readonly StoredCondition[];
}>;

export type Tables = {
  owner_log: { owner_id: string; head: Defaulted<number>; floor: Defaulted<number>; at: Defaulted<Date> };
  tenant: {
    id: string;
    external_id: string;
    name: string;
    suspended_at: Defaulted<Date | null>;
    suspension_changed_at: Defaulted<Date | null>;
  };
  api_key: {
    tenant_id: string;
    id: string;
    name: string;
    permissions: string[];
    prefix: string;
    last_four: string;
    token_hash: Buffer;
    last_used_at: Defaulted<Date | null>;
    expires_at: Defaulted<Date | null>;
    revoked_at: Defaulted<Date | null>;
  };
  audit_entry: {
    owner_id: string;
    id: string;
    action: string;
    actor_kind: string;
    actor_id: string;
    actor_label: string;
    target_type: string;
    target_id: string;
    changes: ColumnType<unknown, string, string>;
    request_id: Defaulted<string | null>;
  };
  event_type: {
    id: string;
    name: string;
    category: string;
    description: string;
    data_type: string;
    schema: ColumnType<unknown, string | null, string | null>;
    example: ColumnType<unknown, string, string>;
    is_lifecycle: Defaulted<boolean>;
    deprecated_at: Defaulted<Date | null>;
    deprecation_reason: Defaulted<string | null>;
  };
  endpoint: {
    owner_id: string;
    id: string;
    owner_kind: 'TENANT' | 'APP';
    url: string;
    description: Defaulted<string | null>;
    events: string[];
    streams: Defaulted<string[] | null>;
    is_active: boolean;
    disabled_reason: Defaulted<'MANUAL' | 'FAILING' | 'GONE' | null>;
    max_deliveries_per_second: Defaulted<number | null>;
    verification: 'UNVERIFIED' | 'PENDING' | 'VERIFIED' | 'FAILED';
    verified_at: Defaulted<Date | null>;
    verification_checked_at: Defaulted<Date | null>;
    verification_reason: Defaulted<string | null>;
    handshake_started_at: Defaulted<Date | null>;
    verify_asked_at: Defaulted<Date[]>;
    purged_through: Defaulted<string | null>;
    removed_through: Defaulted<string | null>;
    test_asked_at: Defaulted<Date[]>;
    sending: ColumnType<EndpointSending | null, string | null | undefined, string | null>;
    paused_at: Defaulted<Date | null>;
    queue_full_at: Defaulted<Date | null>;
    strict_boundary: Defaulted<string | null>;
    strict_head: Defaulted<number>;
    updated_at: Defaulted<Date>;
    deleted_at: Defaulted<Date | null>;
  };
  signing_secret: {
    owner_id: string;
    endpoint_id: string;
    id: string;
    sealed: Buffer;
    expires_at: Defaulted<Date | null>;
    public_key: Defaulted<string | null>;
  };
  endpoint_health: {
    owner_id: string;
    endpoint_id: string;
    circuit: Defaulted<'CLOSED' | 'OPEN' | 'HALF_OPEN'>;
    consecutive_failures: Defaulted<number>;
    opened_at: Defaulted<Date | null>;
    next_probe_at: Defaulted<Date | null>;
    failing_since: Defaulted<Date | null>;
    spread_failures: Defaulted<number>;
    spread_failure_at: Defaulted<Date | null>;
    told_failing: Defaulted<boolean>;
    told_failing_at: Defaulted<Date | null>;
    dead_letters_told_at: Defaulted<Date | null>;
    updated_at: Defaulted<Date>;
  };
  endpoint_stat: {
    owner_id: string;
    endpoint_id: string;
    minute: Date;
    succeeded: number;
    failed: number;
    last_success_at: Date | null;
    last_failure_at: Date | null;
  };
  endpoint_latency: { owner_id: string; endpoint_id: string; hour: Date; bucket: number; attempts: number };
  event: {
    owner_id: string;
    id: string;
    type: string;
    body: string;
    tenant_id: string | null;
    idempotency_key: string | null;
    occurred_at: Date;
    trace_context: Defaulted<string | null>;
  };
  event_key: {
    owner_id: string;
    key: string;
    event_id: string;
    input_hash: Buffer;
    created_at: Generated<Date>;
  };
  delivery: {
    owner_id: string;
    id: string;
    endpoint_id: string;
    event_id: string;
    event_type: string;
    kind: DeliveryKind;
    status: DeliveryStatus;
    failure_reason: string | null;
    replay_of: string | null;
    replayed_at: Date | null;
    attempt_count: number;
    max_attempts: number;
    next_attempt_at: Date | null;
    updated_at: Date;
    completed_at: Date | null;
    tenant_id: string | null;
    installation_id: string | null;
  };
  attempt: {
    owner_id: string;
    delivery_id: string;
    number: number;
    outcome: string;
    started_at: Date;
    duration_ms: number | null;
    response_status: number | null;
    response_body: string | null;
    response_headers: { name: string; value: string }[] | null;
    request_headers: { name: string; value: string }[] | null;
    error: string | null;
    reconnected: Defaulted<boolean>;
  };
  due: {
    owner_id: string;
    delivery_id: string;
    shard: number;
    endpoint_id: string;
    event_id: string;
    due_at: Date;
    status: 'PENDING' | 'DELIVERING' | 'RETRYING';
    attempt_count: number;
    attempt_rows: number;
    max_attempts: number;
    kind: DeliveryKind;
    claim: number | null;
    claimed_at: Date | null;
    installation_id: string | null;
  };
  delivery_log: {
    owner_id: string;
    position: number;
    occurred_at: Date;
    delivery_id: string;
    endpoint_id: string;
    event_id: string;
    event_type: string;
    kind: DeliveryKind;
    tenant_id: string | null;
    status: DeliveryStatus;
    previous_status: DeliveryStatus | null;
    failure_reason: string | null;
    attempt_number: number;
    response_status: number | null;
  };
  replay_job: {
    owner_id: string;
    id: string;
    conditions: ColumnType<unknown, string, never>;
    upper_id: string;
    status: Defaulted<'RUNNING' | 'COMPLETED' | 'FAILED'>;
    cursor_status: 'DEAD_LETTER' | 'FAILED' | null;
    cursor_id: Defaulted<string>;
    matched: Defaulted<number>;
    replayed: Defaulted<number>;
    skipped: Defaulted<number>;
    epoch: Defaulted<number>;
    lease_until: Defaulted<Date>;
    failures: Defaulted<number>;
    recover_endpoint: Defaulted<string | null>;
    recover_cursor: Defaulted<string | null>;
    completed_at: Defaulted<Date | null>;
  };
  cancel_job: {
    owner_id: string;
    id: string;
    conditions: ColumnType<unknown, string, never>;
    status: Defaulted<'RUNNING' | 'COMPLETED' | 'FAILED'>;
    cursor_id: Defaulted<string>;
    matched: Defaulted<number>;
    cancelled: Defaulted<number>;
    skipped: Defaulted<number>;
    epoch: Defaulted<number>;
    lease_until: Defaulted<Date>;
    failures: Defaulted<number>;
    completed_at: Defaulted<Date | null>;
  };
  replay_job_item: { owner_id: string; job_id: string; original_id: string };
  app: {
    id: string;
    tenant_id: string;
    name: string;
    source: string;
    webhook_id: string;
    updated_at: Defaulted<Date>;
    deleted_at: Defaulted<Date | null>;
  };
  app_count: { app_id: string; installed: Defaulted<number>; subscribed: Defaulted<number> };
  app_client_secret: { app_id: string; id: string; secret_hash: Buffer; expires_at: Defaulted<Date | null> };
  app_member: { app_id: string; id: string; email: string; permissions: string[] };
  app_invitation: {
    app_id: string;
    id: string;
    email: string;
    permissions: string[];
    invited_by: string;
    token_hash: Buffer;
    expires_at: Date;
    accepted_at: Defaulted<Date | null>;
  };
  app_version: {
    app_id: string;
    id: string;
    version: string;
    status: 'DRAFT' | 'PUBLISHED' | 'SUPERSEDED';
    webhook_categories: string[];
    data_types: string[];
    published_at: Defaulted<Date | null>;
  };
  app_installation: {
    app_id: string;
    id: string;
    tenant_id: string;
    permissions: string[];
    is_subscribed: boolean;
    revoked_at: Defaulted<Date | null>;
  };
  app_forward: {
    tenant_id: string;
    category: string;
    app_id: string;
    installation_id: string;
    data_types: string[];
  };
  app_forward_outbox: {
    owner_id: string;
    event_id: string;
    app_id: string;
    installation_id: string;
    app_group: number;
  };
  app_lifecycle_outbox: {
    app_id: string;
    event_id: string;
    app_group: number;
    type: string;
    payload: string;
    occurred_at: Date;
  };
  app_token_key: { id: string; sealed: Buffer };
  job_run: {
    job: string;
    run_id: string;
    started_at: Defaulted<Date>;
    finished_at: Defaulted<Date | null>;
    result: Defaulted<unknown>;
  };
  auth_hook_seen: { webhook_id: string; seen_at: Defaulted<Date> };
  revoked_subject: { subject: string; not_before: Date };
  usage_day: {
    owner_id: string;
    day: string;
    succeeded: number;
    failed: number;
    attempts: number;
    updated_at: Defaulted<Date>;
  };
  alert_mail: {
    owner_id: string;
    id: string;
    recipients: string[];
    subject: string;
    body: string;
    tries: Defaulted<number>;
    next_at: Date;
  };
  install_link_used: { id: string; used_at: Defaulted<Date> };
  worker: { id: string; lock_key: number; seen_at: Date };
  shard_lease: { shard: number; holder: string | null; epoch: number; expires_at: Date };
};

export type DeliveryKind = 'EVENT' | 'REPLAY' | 'TEST';
export type DeliveryStatus = 'PENDING' | 'DELIVERING' | 'RETRYING' | 'SUCCEEDED' | 'FAILED' | 'DEAD_LETTER';
