import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import type { CheckAnswer, CheckRequest } from './check-protocol.ts';
import { compileSchema, type PayloadValidator, UnusableSchemaError } from './payload-schema.ts';

/** Compiled schemas in memory. The least recently used is dropped first. */
const maxCompiled = 500;
const compiled = new Map<string, PayloadValidator>();

// On Linux a thread has its own priority. Elsewhere this would slow down the whole process.
if (process.platform === 'linux') setPriority(10);

parentPort?.on('message', (request: CheckRequest) => parentPort?.postMessage(answerTo(request)));
parentPort?.postMessage('ready');

function answerTo({ id, schema, payloads }: CheckRequest): CheckAnswer {
  try {
    const validate = validatorOf(schema);
    return { id, kind: 'checked', issues: payloads.map((text) => validate(JSON.parse(text))) };
  } catch (error) {
    if (error instanceof UnusableSchemaError) return { id, kind: 'unusable', message: error.message };
    // For example, the stack overflowed.
    return { id, kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

function validatorOf(schema: string): PayloadValidator {
  const validate = compiled.get(schema) ?? compileSchema(JSON.parse(schema));
  compiled.delete(schema);
  compiled.set(schema, validate);
  const [oldest] = compiled.keys();
  if (compiled.size > maxCompiled && oldest !== undefined) compiled.delete(oldest);
  return validate;
}
