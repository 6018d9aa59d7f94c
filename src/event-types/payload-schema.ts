import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { ValidationIssue } from '../errors.ts';
import { isNestedDeeper, maxNesting } from './nesting.ts';

const maxSchemaBytes = 65_536;
/** A payload with a thousand faults is told of the first hundred. */
const maxIssues = 100;

/** What a payload breaks of its schema; paths begin at the payload's root. */
export type PayloadValidator = (data: unknown) => ValidationIssue[];

/** The schema cannot be used: `message` says why, for whoever registers it. */
export class UnusableSchemaError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnusableSchemaError';
  }
}

/**
 * One for the process: making one costs far more than compiling a schema. It remembers none of them, so that two
 * types may use the same `$id`. Keywords that it does not know are annotations, as the standard says; data is never
 * changed (no defaults, no coercion). A reference leads inside the same schema: nothing is ever fetched.
 */
const ajv = new Ajv2020({
  strict: false,
  allErrors: true,
  addUsedSchema: false,
  ownProperties: true,
  logger: false,
});
addFormats.default(ajv);

/** Compiles a JSON Schema (2020-12). Throws UnusableSchemaError. */
export function compileSchema(schema: unknown): PayloadValidator {
  if (typeof schema === 'boolean') return schema ? () => [] : () => [nothingIsValid];
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    throw new UnusableSchemaError('A JSON Schema is an object or a boolean.');
  }
  if (isNestedDeeper(schema, maxNesting)) {
    throw new UnusableSchemaError(`The schema is nested more than ${maxNesting} levels deep.`);
  }
  if (Buffer.byteLength(JSON.stringify(schema)) > maxSchemaBytes) {
    throw new UnusableSchemaError(`The schema is longer than ${maxSchemaBytes} bytes.`);
  }
  if (mentionsAsync(schema)) throw new UnusableSchemaError('`$async` is not a keyword of JSON Schema.');
  const validate = compile(schema);
  return (data) => {
    if (validate(data)) return [];
    return (validate.errors ?? []).slice(0, maxIssues).map(toIssue);
  };
}

function compile(schema: object): ValidateFunction {
  try {
    return ajv.compile(schema);
  } catch (error) {
    // Ajv tells of a bad schema by plain Errors.
    if (!(error instanceof Error)) throw error;
    throw new UnusableSchemaError(`The schema does not compile as JSON Schema 2020-12: ${error.message}.`);
  } finally {
    ajv.removeSchema(schema);
  }
}

/** With `$async` a check becomes a promise, which would pass for true. */
function mentionsAsync(schema: object): boolean {
  return JSON.stringify(schema).includes('"$async":true');
}

function toIssue(error: ErrorObject): ValidationIssue {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
  const named: unknown = error.params.missingProperty ?? error.params.additionalProperty;
  return {
    path: typeof named === 'string' ? [...path, named] : path,
    code: 'SCHEMA_MISMATCH',
    message: `The payload breaks its schema (${error.keyword}): ${error.message ?? 'it does not match'}.`,
  };
}

const nothingIsValid: ValidationIssue = {
  path: [],
  code: 'SCHEMA_MISMATCH',
  message: 'The schema of this event type allows no payload.',
};
