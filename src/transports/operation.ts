import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  getOperationAST,
  Kind,
  OperationTypeNode,
} from 'graphql';
import type { Database } from '../db/pool.ts';
import type { Services } from '../graph/context.ts';
import type { Holdings } from '../http/holdings.ts';
import { createTurns } from './begin-in-turns.ts';
import { type AskedOperation, missingDocument } from './graphql-request.ts';
import type { RequestContext } from './request-context.ts';
import { ResultStream } from './result-stream.ts';
import type { DocumentGate } from './trusted-documents.ts';
import type { Yoga } from './yoga.ts';

/** An operation that may be executed. Its document is valid, and nothing of it has been executed yet. */
export type Operation = Readonly<{
  type: OperationTypeNode;
  args: ExecutionArgs;
  /**
   * Executes it. A subscription counts towards its caller's limit until it ends. A signal ends a query whose answer
   * nobody waits for; a mutation that has begun continues.
   */
  run(signal?: AbortSignal): Promise<ExecutionResult | AsyncIterableIterator<ExecutionResult>>;
}>;

/** What Yoga's type asks for and nothing reads. The context stays in memory as long as a subscription lasts. */
const none = {};

export type PreparedOperation = { refusals: readonly GraphQLError[] } | { operation: Operation };

/**
 * From a client's request to an executable operation, the same for every transport: which text is meant, then parsing
 * and validation by Yoga's plugins, then which of the document's operations. Returns the reasons if the document is
 * refused. Throws if the request names no document, or one that is not allowed.
 */
export function createOperations(options: {
  yoga: Yoga;
  documentGate: DocumentGate;
  subscriptions: Holdings;
}): (asked: AskedOperation, context: RequestContext, holder: string) => Promise<PreparedOperation> {
  const { yoga, documentGate, subscriptions } = options;
  const turn = createTurns();
  /** Documents that have been found valid for callers with a credential. For others fewer may be. */
  const valid = new WeakSet<DocumentNode>();

  /** What resolvers reach, by the database as it is seen by one holder of a share. */
  const views = new WeakMap<Database, Services>();
  const servicesFor = (share: string, all: Services): Services => {
    const database = all.database.heldBy(share);
    const known = views.get(database);
    if (known !== undefined) return known;
    const view = { ...all, database };
    views.set(database, view);
    return view;
  };

  return async (asked, context, holder) => {
    const share = shareOf(context);
    const waiting = turn(share);
    if (waiting !== undefined) await waiting;
    const text = documentGate.textOf(asked) ?? asked.query;
    if (text === undefined) throw missingDocument();
    const { operationName } = asked;
    const services = servicesFor(share, context.services);
    const enveloped = yoga.getEnveloped({ ...context, services, params: none });
    const document = parsed(enveloped.parse, text);
    if (document instanceof GraphQLError) return { refusals: [document] };
    if (context.actor === undefined || !valid.has(document)) {
      const refusals = enveloped.validate(enveloped.schema, document);
      if (refusals.length > 0) return { refusals };
      if (context.actor !== undefined) valid.add(document);
    }
    documentGate.remember(asked, share);
    const definition = getOperationAST(document, operationName);
    if (definition == null) return { refusals: [new GraphQLError(whyNoOperation(document, operationName))] };
    const contextValue = await enveloped.contextFactory();
    const args: ExecutionArgs = {
      schema: enveloped.schema,
      document,
      contextValue,
      variableValues: asked.variables,
      operationName,
    };
    const type = definition.operation;

    async function subscribe() {
      const release = subscriptions.hold(holder);
      try {
        const result: ExecutionResult | AsyncIterable<ExecutionResult> = await enveloped.subscribe(args);
        if (result instanceof ResultStream) {
          result.whenEnded(release);
          return result;
        }
        if (Symbol.asyncIterator in result) throw new Error('A subscription gives a stream of results.');
        release();
        return result;
      } catch (error) {
        release();
        throw error;
      }
    }
    /** The signal reaches the resolvers by the context (`leaving-plugin.ts`). */
    async function execute(gone: AbortSignal | undefined) {
      if (gone !== undefined) contextValue.gone = gone;
      const result: ExecutionResult | AsyncIterableIterator<ExecutionResult> = await enveloped.execute(args);
      gone?.throwIfAborted();
      return result;
    }
    return {
      operation: {
        type,
        args,
        run: async (signal) =>
          type === OperationTypeNode.SUBSCRIPTION
            ? await subscribe()
            : await execute(type === OperationTypeNode.QUERY ? signal : undefined),
      },
    };
  };
}

function parsed(parse: (text: string) => DocumentNode, text: string): DocumentNode | GraphQLError {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof GraphQLError) return error;
    throw error;
  }
}

function whyNoOperation(document: DocumentNode, operationName: string | undefined): string {
  if (operationName !== undefined) return 'The document has no operation with the name in `operationName`.';
  const hasSome = document.definitions.some(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  return hasSome
    ? 'The document has several operations. Name the one to execute in `operationName`.'
    : 'The document has no operation.';
}

/** Whose share of database connections and of the event loop's turns it uses: its tenant's or its app's, otherwise the caller's own. */
const shareOf = ({ actor }: RequestContext) => actor?.tenantId ?? actor?.appId ?? actor?.actorId ?? 'anybody';
