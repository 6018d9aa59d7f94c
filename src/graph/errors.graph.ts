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

/** The expected errors as types of the schema, which are members of the mutations' result unions. */
export function addErrorTypes(builder: Builder, enums: ReturnType<typeof addEnums>): void {
  const { ErrorCode, DeliveryStatus } = enums;

  const ErrorInterface = builder.interfaceRef<DomainError>('Error').implement({
    description: 'An expected error of a mutation. Every error in a result union has these fields.',
    fields: (t) => ({
      code: t.expose('code', { type: ErrorCode, description: 'The kind of error, for programs.' }),
      message: t.exposeString('message', {
        description: 'A description of the error, for people. The wording may change.',
      }),
    }),
  });
  const interfaces = [ErrorInterface];

  const Issue = builder.objectRef<ValidationIssue>('ValidationIssue').implement({
    description: 'One problem of the input.',
    fields: (t) => ({
      path: t.stringList({
        description: 'The path from the input to the invalid value, such as `["events", "0", "type"]`.',
        resolve: (issue) => issue.path.map(String),
      }),
      code: t.exposeString('code', { description: 'The kind of problem, for programs.' }),
      message: t.exposeString('message', {
        description: 'A description of the problem, for people. The wording may change.',
      }),
    }),
  });

  builder.objectType(ValidationError, {
    name: 'ValidationError',
    description: 'The input is invalid. Nothing was changed.',
    interfaces,
    fields: (t) => ({
      issues: t.field({
        type: [Issue],
        description: 'Every problem of the input; at least one.',
        resolve: (error) => [...error.issues],
      }),
    }),
  });

  builder.objectType(NotFoundError, {
    name: 'NotFoundError',
    description:
      'There is no such record, or it belongs to somebody else. The answer is the same in both cases.',
    interfaces,
    fields: (t) => ({
      missingId: t.exposeID('missingId', { description: 'The id (or name) that was given.' }),
    }),
  });

  builder.objectType(ConflictError, {
    name: 'ConflictError',
    description: "The record's current state does not allow the operation. Nothing was changed.",
    interfaces,
  });

  builder.objectType(NotReplayableError, {
    name: 'NotReplayableError',
    description: 'The delivery cannot be replayed: only FAILED and DEAD_LETTER deliveries can.',
    interfaces,
    fields: (t) => ({
      status: t.field({
        type: DeliveryStatus,
        description: "The delivery's current status.",
        resolve: (error) => deliveryStatusNamed(error.status),
      }),
    }),
  });

  builder.objectType(IdempotencyError, {
    name: 'IdempotencyError',
    description:
      'The idempotency key was used with another input within the last 24 hours, or the first call with it is still running.',
    interfaces,
    fields: (t) => ({
      key: t.exposeString('key', { description: 'The key that was given.' }),
    }),
  });

  builder.objectType(LimitExceededError, {
    name: 'LimitExceededError',
    description: 'A limit was exceeded. Nothing was changed.',
    interfaces,
    fields: (t) => ({
      limit: t.exposeInt('limit', { description: 'The limit.' }),
    }),
  });
}
