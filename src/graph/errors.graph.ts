import {
  ConflictError,
  type DomainError,
  IdempotencyError,
  LimitExceededError,
  NotFoundError,
  NotReplayableError,
  ValidationError,
  type ValidationIssue,
} from '../errors.ts';
import { type addEnums, deliveryStatusNamed } from './enums.graph.ts';
import type { Builder } from './schema-types.ts';

/** The expected failures as types of the schema: members of the mutations' result unions. */
export function addErrorTypes(builder: Builder, enums: ReturnType<typeof addEnums>): void {
  const { ErrorCode, DeliveryStatus } = enums;

  const ErrorInterface = builder.interfaceRef<DomainError>('Error').implement({
    description: 'An expected failure of a mutation: every one that a result union names has these fields.',
    fields: (t) => ({
      code: t.expose('code', { type: ErrorCode, description: 'What kind of failure it is, for programs.' }),
      message: t.exposeString('message', {
        description: 'What happened, for people. Its wording may change.',
      }),
    }),
  });
  const interfaces = [ErrorInterface];

  const Issue = builder.objectRef<ValidationIssue>('ValidationIssue').implement({
    description: 'One place where the input breaks a rule.',
    fields: (t) => ({
      path: t.stringList({
        description: 'The way from the input to the place: `["events", "0", "type"]`.',
        resolve: (issue) => issue.path.map(String),
      }),
      code: t.exposeString('code', { description: 'Which rule, for programs.' }),
      message: t.exposeString('message', { description: 'Which rule, for people. Its wording may change.' }),
    }),
  });

  builder.objectType(ValidationError, {
    name: 'ValidationError',
    description: 'The input breaks rules. Nothing was changed.',
    interfaces,
    fields: (t) => ({
      issues: t.field({
        type: [Issue],
        description: 'Each place that breaks a rule; at least one.',
        resolve: (error) => [...error.issues],
      }),
    }),
  });

  builder.objectType(NotFoundError, {
    name: 'NotFoundError',
    description: 'There is no such record, or it belongs to somebody else: the answer is the same.',
    interfaces,
    fields: (t) => ({
      missingId: t.exposeID('missingId', { description: 'The id (or name) that was given.' }),
    }),
  });

  builder.objectType(ConflictError, {
    name: 'ConflictError',
    description: "The record's present state does not allow it. Nothing was changed.",
    interfaces,
  });

  builder.objectType(NotReplayableError, {
    name: 'NotReplayableError',
    description: 'The delivery cannot be replayed: only FAILED and DEAD_LETTER deliveries can.',
    interfaces,
    fields: (t) => ({
      status: t.field({
        type: DeliveryStatus,
        description: "The delivery's present status.",
        resolve: (error) => deliveryStatusNamed(error.status),
      }),
    }),
  });

  builder.objectType(IdempotencyError, {
    name: 'IdempotencyError',
    description:
      'The idempotency key was used within the last 24 hours with another input, or its first call still runs.',
    interfaces,
    fields: (t) => ({
      key: t.exposeString('key', { description: 'The key that was given.' }),
    }),
  });

  builder.objectType(LimitExceededError, {
    name: 'LimitExceededError',
    description: 'More than is allowed was asked for. Nothing was changed.',
    interfaces,
    fields: (t) => ({
      limit: t.exposeInt('limit', { description: 'How much is allowed.' }),
    }),
  });
}
