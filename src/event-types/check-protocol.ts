import type { ValidationIssue } from '../errors.ts';

/** The request to a worker: a schema and the payloads to check against it, all as JSON text. */
export type CheckRequest = Readonly<{ id: number; schema: string; payloads: readonly string[] }>;

/**
 * The answer: the issues of each payload, or why the schema cannot be used, or that a check could not be carried out.
 */
export type CheckAnswer = Readonly<
  | { id: number; kind: 'checked'; issues: readonly (readonly ValidationIssue[])[] }
  | { id: number; kind: 'unusable'; message: string }
  | { id: number; kind: 'failed'; message: string }
>;
