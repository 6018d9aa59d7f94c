import { createContextCache } from '@pothos/core';
import { type GraphQLResolveInfo, OperationTypeNode } from 'graphql';
import { RequestError } from '../errors.ts';
import type { Context } from './context.ts';

/** The limit for the long texts in one answer: a page of 100 payloads of the largest size, in one form and a half. */
export const maxAnswerChars = 41_943_040;

const answerOf = createContextCache((_context: Context) => ({ chars: 0 }));

/**
 * Charges a long text for each place in the answer at which it stands; with aliases these are fifty for each record.
 * Throws COST_EXCEEDED for an answer that would be too long. What a mutation answers was carried out before, and a
 * message of a subscription must not get lost: there only the cost of the field limits the answer.
 */
export function chargeText(
  text: string,
  context: Context,
  { operation }: Pick<GraphQLResolveInfo, 'operation'>,
): string {
  if (operation.operation !== OperationTypeNode.QUERY) return text;
  const answer = answerOf(context);
  answer.chars += text.length;
  if (answer.chars <= maxAnswerChars) return text;
  throw new RequestError(
    'COST_EXCEEDED',
    `The payloads in this answer would have more than ${maxAnswerChars} characters. Ask for smaller pages, or for each payload once.`,
    { limit: maxAnswerChars },
  );
}
