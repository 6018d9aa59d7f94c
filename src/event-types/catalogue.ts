import type { Transaction } from 'kysely';
import type { By } from '../access/actor.ts';
import { platformOwnerId } from '../access/actor.ts';
import { appendAudit } from '../audit/append-audit.ts';
import { databaseNow } from '../clock.ts';
import {
  badUserInput,
  ConflictError,
  NotFoundError,
  ValidationError,
  type ValidationIssue,
} from '../errors.ts';
import { findLostNumber } from '../exact-json.ts';
import { mintUuid } from '../ids.ts';
import type { TenantLimits } from '../limits/tenant-limits.ts';
import type { Tables } from '../tables.ts';
import { isLine, isStorable, lineRule } from '../text.ts';
import { type EventType, toEventType } from './event-type.ts';
import { categoryOf, eventTypeNameRule, isEventTypeName, isReservedEventType } from './event-type-name.ts';
import { isNestedDeeper, maxNesting } from './nesting.ts';
import { maxSchemaBytes } from './payload-schema.ts';
import type { EventTypeCatalogue } from './payload-validator.ts';

export const maxDescriptionLength = 1_000;
export const maxDataTypeLength = 128;
const maxExampleBytes = 262_144;
export const maxReasonLength = 500;

export type RegisterEventTypeInput = Readonly<{
  name: string;
  description: string;
  dataType: string;
  schema?: unknown;
  example: unknown;
}>;

/**
 * Throws a ValidationError with every issue of the input. Call it before the transaction that registers the type,
 * because a schema and its example are checked in a worker, which may take a while.
 */
export async function checkRegistration(
  input: RegisterEventTypeInput,
  { catalogue, ownerId }: { catalogue: EventTypeCatalogue; ownerId: string },
): Promise<void> {
  const issues = [...nameIssues(input), ...textIssues(input), ...payloadIssues(input)];
  const { schema, example } = input;
  if (schema != null && !issues.some(({ path: [field] }) => field === 'example' || field === 'schema')) {
    const checked = await catalogue.checkExample(ownerId, { schema, example });
    if ('unusable' in checked) {
      issues.push({ path: ['schema'], code: 'INVALID_SCHEMA', message: checked.unusable });
    } else {
      for (const issue of checked.issues) issues.push({ ...issue, path: ['example', ...issue.path] });
    }
  }
  if (issues.length > 0) throw new ValidationError(issues);
}

/**
 * Adds a checked type to the catalogue. Its rules for payloads never change afterwards, because publishers rely on
 * them.
 */
export async function registerEventType(
  trx: Transaction<Tables>,
  input: RegisterEventTypeInput,
  { by, limits }: { by: By; limits: TenantLimits },
): Promise<EventType> {
  await limits.admit(trx, {
    ...{ thing: 'eventTypes', ownerId: platformOwnerId },
    count: () => countRegistered(trx),
  });
  const { name, description, dataType, schema, example } = input;
  const row = await trx
    .insertInto('event_type')
    .values({
      id: mintUuid(),
      name,
      category: categoryOf(name),
      description: description.trim(),
      data_type: dataType.trim(),
      schema: schema == null ? null : JSON.stringify(schema),
      example: JSON.stringify(example),
    })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) throw new ConflictError(`The event type ${name} is registered already.`);
  await appendAudit(trx, {
    ownerId: platformOwnerId,
    ...by,
    action: 'event_type.register',
    targetType: 'EventType',
    targetId: row.id,
    changes: { name, description: row.description, dataType: row.data_type, hasSchema: schema != null },
  });
  return toEventType(row);
}

/** Without the platform's own types. */
async function countRegistered(trx: Transaction<Tables>): Promise<number> {
  const rows = await trx.selectFrom('event_type').select('name').execute();
  return rows.filter(({ name }) => !isReservedEventType(name)).length;
}

/**
 * Marks a type as deprecated. It can still be published and subscribed to. A repeated call replaces the reason and
 * keeps the first date; with the same reason it changes nothing.
 */
export async function deprecateEventType(
  trx: Transaction<Tables>,
  input: Readonly<{ name: string; reason: string }>,
  by: By,
): Promise<EventType> {
  const reason = input.reason.trim();
  if (!isText(reason, maxReasonLength)) {
    throw badUserInput(
      `\`reason\` must have 1 to ${maxReasonLength} characters, without U+0000 and halves of surrogate pairs.`,
      {
        argument: 'input.reason',
      },
    );
  }
  if (!isEventTypeName(input.name)) throw new NotFoundError(input.name);
  const before = await trx
    .selectFrom('event_type')
    .selectAll()
    .where('name', '=', input.name)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (before === undefined) throw new NotFoundError(input.name);
  if (isReservedEventType(input.name)) {
    throw badUserInput(`${input.name} is reserved for the platform and cannot be deprecated.`, {
      argument: 'input.name',
    });
  }
  if (before.deprecation_reason === reason) return toEventType(before);
  const after = await trx
    .updateTable('event_type')
    .set({ deprecated_at: before.deprecated_at ?? new Date(databaseNow()), deprecation_reason: reason })
    .where('id', '=', before.id)
    .returningAll()
    .executeTakeFirstOrThrow();
  await appendAudit(trx, {
    ownerId: platformOwnerId,
    ...by,
    action: 'event_type.deprecate',
    targetType: 'EventType',
    targetId: after.id,
    changes: {
      deprecatedAt: { from: before.deprecated_at, to: after.deprecated_at },
      deprecationReason: { from: before.deprecation_reason, to: reason },
    },
  });
  return toEventType(after);
}

function nameIssues({ name }: RegisterEventTypeInput): ValidationIssue[] {
  if (!isEventTypeName(name)) {
    return [{ path: ['name'], code: 'INVALID_NAME', message: `The name ${eventTypeNameRule}.` }];
  }
  if (!isReservedEventType(name)) return [];
  const message = `The name is reserved for the platform's own events: these are names that begin with \`app.\` or \`endpoint.\`, and \`delivery.dead_lettered\`.`;
  return [{ path: ['name'], code: 'RESERVED_NAME', message }];
}

function textIssues({ description, dataType }: RegisterEventTypeInput): ValidationIssue[] {
  const issues: ValidationIssue[] = [];
  if (!isText(description.trim(), maxDescriptionLength)) {
    const message = `The description must have 1 to ${maxDescriptionLength} characters, without U+0000 and halves of surrogate pairs.`;
    issues.push({ path: ['description'], code: 'INVALID_DESCRIPTION', message });
  }
  if (!isLine(dataType.trim(), maxDataTypeLength)) {
    const message = `The data type ${lineRule(maxDataTypeLength)}.`;
    issues.push({ path: ['dataType'], code: 'INVALID_DATA_TYPE', message });
  }
  return issues;
}

function payloadIssues({ schema, example }: RegisterEventTypeInput): ValidationIssue[] {
  if (isNestedDeeper(example, maxNesting)) {
    const message = `The example is nested more than ${maxNesting} levels deep.`;
    return [{ path: ['example'], code: 'TOO_DEEP', message }];
  }
  // This comes first, because a value that is nested too deeply cannot even be serialized.
  if (isNestedDeeper(schema, maxNesting)) {
    const message = `The schema is nested more than ${maxNesting} levels deep.`;
    return [{ path: ['schema'], code: 'INVALID_SCHEMA', message }];
  }
  for (const [field, value] of Object.entries({ example, schema })) {
    const lost = findLostNumber(value);
    if (lost === undefined) continue;
    const message = `The number ${lost.number.text.slice(0, 40)} would change its value: integers must be within ±(2^53 - 1), other numbers in the range of 64-bit floats.`;
    return [{ path: [field, ...lost.path], code: 'UNSAFE_NUMBER', message }];
  }
  if (example === null) {
    return [
      {
        path: ['example'],
        code: 'NULL_EXAMPLE',
        message: 'The example must not be null, because a payload cannot be null.',
      },
    ];
  }
  if (Buffer.byteLength(JSON.stringify(example)) > maxExampleBytes) {
    const message = `The example is longer than ${maxExampleBytes} bytes, which is the limit for a payload.`;
    return [{ path: ['example'], code: 'TOO_LARGE', message }];
  }
  if (schema != null && Buffer.byteLength(JSON.stringify(schema)) > maxSchemaBytes) {
    const message = `The schema is longer than ${maxSchemaBytes} bytes.`;
    return [{ path: ['schema'], code: 'INVALID_SCHEMA', message }];
  }
  return [];
}

const isText = (text: string, maxLength: number): boolean =>
  text !== '' && text.length <= maxLength && isStorable(text);
