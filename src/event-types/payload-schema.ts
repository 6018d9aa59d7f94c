import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { ValidationIssue } from '../errors.ts';
import { addExactKeywords } from './exact-keywords.ts';
import { linearPattern, UnusablePatternError } from './linear-pattern.ts';
import { isNestedDeeper, maxNesting } from './nesting.ts';
import { findEndlessReference } from './schema-cycles.ts';

export const maxSchemaBytes = 65_536;
const draft = 'https://json-schema.org/draft/2020-12/schema';

/** The first issue of a payload, with a path from the payload's root. Empty if there is none. */
export type PayloadValidator = (data: unknown) => ValidationIssue[];

/** The schema cannot be used. `message` says why, for the caller that registers it. */
export class UnusableSchemaError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnusableSchemaError';
  }
}

/**
 * One instance for the process, because creating one costs far more than compiling a schema. It forgets each schema
 * after compiling it, so two types may use the same `$id`. Unknown keywords are annotations, as the standard says.
 * Data is never changed: there are no defaults and no coercion. References can only point into the same schema, and
 * nothing is ever fetched. Only the first error is reported, because finding all errors takes exponential time for a
 * recursive `oneOf`.
 */
const ajv = new Ajv2020({
  strict: false,
  allErrors: false,
  ownProperties: true,
  logger: false,
  code: { regExp: linearPattern },
});
addFormats.default(ajv);
addExactKeywords(ajv);

/** Compiles a JSON Schema (2020-12). Throws UnusableSchemaError. */
export function compileSchema(schema: unknown): PayloadValidator {
  if (typeof schema === 'boolean') return schema ? () => [] : () => [nothingIsValid];
  if (!isObject(schema)) throw new UnusableSchemaError('A JSON Schema must be an object or a boolean.');
  refuseUnusable(schema);
  const validate = compile(withoutRootAnchor(schema));
  return (data) => {
    try {
      return validate(data) ? [] : (validate.errors ?? []).slice(0, 1).map(toIssue);
    } catch (error) {
      // Patterns in property names, such as those of `patternProperties`, are compiled when they are first met.
      if (error instanceof UnusablePatternError) return [{ ...nothingIsValid, message: error.message }];
      throw error;
    }
  };
}

function refuseUnusable(schema: Readonly<Record<string, unknown>>): void {
  if (isNestedDeeper(schema, maxNesting)) {
    throw new UnusableSchemaError(`The schema is nested more than ${maxNesting} levels deep.`);
  }
  const text = JSON.stringify(schema);
  if (Buffer.byteLength(text) > maxSchemaBytes) {
    throw new UnusableSchemaError(`The schema is longer than ${maxSchemaBytes} bytes.`);
  }
  // With `$async` a check returns a promise, which would count as true.
  if (text.includes('"$async":true')) {
    throw new UnusableSchemaError('`$async` is not a keyword of JSON Schema.');
  }
  const { $schema: named } = schema;
  if (named !== undefined && (typeof named !== 'string' || named.replace(/#$/, '') !== draft)) {
    throw new UnusableSchemaError(
      `The schema must be JSON Schema 2020-12: leave \`$schema\` out, or set it to ${draft}.`,
    );
  }
  const endless = findEndlessReference(schema);
  if (endless !== undefined) {
    throw new UnusableSchemaError(
      `The reference ${JSON.stringify(endless.slice(0, 200))} refers to itself for the same part of the payload, so checking it would never end.`,
    );
  }
}

/** Ajv does not find an anchor at the root. References to it are rewritten to `#`. */
function withoutRootAnchor(schema: Readonly<Record<string, unknown>>): object {
  const { $anchor: anchor } = schema;
  if (typeof anchor !== 'string') return schema;
  const copy: unknown = JSON.parse(JSON.stringify(schema), (key, value: unknown) =>
    (key === '$ref' || key === '$dynamicRef') && value === `#${anchor}` ? '#' : value,
  );
  return Object(copy);
}

function compile(schema: object): ValidateFunction {
  try {
    return ajv.compile(schema);
  } catch (error) {
    // Ajv reports a bad schema by plain Errors.
    if (!(error instanceof Error)) throw error;
    if (error instanceof UnusablePatternError) throw new UnusableSchemaError(error.message);
    const [, reference] = /^can't resolve reference (\S+)/.exec(error.message) ?? [];
    throw new UnusableSchemaError(
      reference === undefined
        ? `The schema does not compile as JSON Schema 2020-12: ${error.message}.`
        : `The reference ${reference.slice(0, 200)} does not exist in this schema. Other schemas are never fetched.`,
    );
  } finally {
    ajv.removeSchema(schema);
  }
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
    message: `The payload does not match its schema (${error.keyword}): ${error.message ?? 'it is not valid'}.`,
  };
}

const nothingIsValid: ValidationIssue = {
  path: [],
  code: 'SCHEMA_MISMATCH',
  message: 'The schema of this event type accepts no payload.',
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
