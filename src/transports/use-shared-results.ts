import { initContextCache } from '@pothos/core';
import {
  type ASTNode,
  createSourceEventStream,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  Kind,
  visit,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Actor } from '../access/actor.ts';
import type { RequestContext } from './request-context.ts';
import { ResultStream, type Results } from './result-stream.ts';

/** Longer variables than this are not compared for each event. */
const maxKeyLength = 4_096;

/** Results that were worked out once for several subscribers, with their text once somebody has asked for it. */
const sharedTexts = new WeakMap<object, { text?: string; bytes?: Uint8Array }>();

/** The JSON of a shared result, made once; undefined for a result that is not shared. */
export function sharedTextOf(result: object): string | undefined {
  const shared = sharedTexts.get(result);
  if (shared === undefined) return undefined;
  shared.text ??= JSON.stringify(result);
  return shared.text;
}

/** The same as UTF-8. */
function sharedBytesOf(result: object): Uint8Array | undefined {
  const shared = sharedTexts.get(result);
  if (shared === undefined) return undefined;
  shared.bytes ??= Buffer.from(shared.text ?? JSON.stringify(result));
  return shared.bytes;
}

/**
 * Executes a subscription for each event of its source. Where the same event reaches several subscribers who sent the
 * same document and the same variables, and who may see the same, it is executed once.
 *
 * A credential that is over takes no part, nor does a result with errors: each of them is executed by itself, so that
 * nobody is told of another's end or refusal.
 */
export function useSharedResults(): Plugin<RequestContext> {
  const shared = new WeakMap<object, Map<string, Shared | undefined>>();
  /** What was offered last: of a thousand subscribers, most get the same as the one before. */
  let last: Readonly<{ event: object; key: string; bytes: Uint8Array }> | undefined;

  /**
   * The result for everybody alike; undefined where it is not to be shared. Whoever is first works it out, and gets it
   * whatever it is.
   */
  function sharedResult(asked: ResultStream, event: object): Shared | undefined {
    if (!mayShare(asked, event)) return;
    let results = shared.get(event);
    if (results === undefined) {
      results = new Map();
      shared.set(event, results);
    }
    const key = keyFor(asked);
    if (results.has(key)) return results.get(key);
    // What was loaded for the event before is not remembered.
    Object.assign(asked.context, initContextCache());
    const made = execute({ ...asked.args, rootValue: event });
    results.set(key, isPromise(made) ? made.then(shareable, () => undefined) : shareable(made));
    return made;
  }

  async function resultOf(asked: ResultStream, event: unknown): Promise<ExecutionResult> {
    const result = event instanceof Object ? await sharedResult(asked, event) : undefined;
    return result ?? (await execute({ ...asked.args, rootValue: event }));
  }

  /** Only a result that is there at once, and only to a client that takes it at once. */
  function offer(asked: ResultStream, event: object): boolean {
    const { sender } = asked.context;
    if (sender === undefined) return false;
    if (last?.event === event && mayShare(asked, event) && last.key === keyFor(asked))
      return sender.sendJson(last.bytes);
    const result = sharedResult(asked, event);
    if (result === undefined || isPromise(result)) return false;
    const bytes = sharedBytesOf(result);
    if (bytes === undefined) return false;
    last = { event, key: keyFor(asked), bytes };
    return sender.sendJson(bytes);
  }

  const results: Results = { resultOf };

  return {
    onSubscribe({ args: { contextValue: context }, setSubscribeFn }) {
      setSubscribeFn(async (args: ExecutionArgs) => {
        /** Known once the source is there. No source is asked for events before that. */
        let stream: ResultStream | undefined;
        if (context.sender !== undefined)
          context.offerEvent = (event) => stream !== undefined && offer(stream, event);
        const source = await createSourceEventStream(args);
        if (!(Symbol.asyncIterator in source)) return source;
        stream = new ResultStream(source, results, { args, context, key: keyOf(args) });
        return stream;
      });
    },
  };
}

function mayShare({ context, key }: ResultStream, event: object): boolean {
  return (
    key !== undefined &&
    context.hasSharedEvents === true &&
    context.actor !== undefined &&
    context.grantSignal?.aborted !== true &&
    !(event instanceof Error)
  );
}

/** The key of whom `mayShare` lets share. */
function keyFor(asked: ResultStream): string {
  const { actor } = asked.context;
  if (asked.keyOfCaller === undefined || asked.keyedCaller !== actor) {
    asked.keyedCaller = actor;
    asked.keyOfCaller = sameText(`${actor === undefined ? '' : classOf(actor)} ${asked.key}`);
  }
  return asked.keyOfCaller;
}

const mostTexts = 1_000;
const texts = new Map<string, string>();

/** The same text for equal texts, so that comparing them is comparing two references. */
function sameText(text: string): string {
  const known = texts.get(text);
  if (known !== undefined) return known;
  if (texts.size >= mostTexts) texts.clear();
  texts.set(text, text);
  return text;
}

/** Undefined where it turned out to be nobody else's. */
type Shared = ExecutionResult | Promise<ExecutionResult | undefined>;

function shareable(result: ExecutionResult): ExecutionResult | undefined {
  if (result.errors !== undefined) return undefined;
  sharedTexts.set(result, {});
  return result;
}

const isPromise = <T>(value: T | Promise<T>): value is Promise<T> => value instanceof Promise;

const classes = new WeakMap<Actor, string>();

/** What of a caller decides what it may see. A user's email does, because it makes the user a member of apps. */
function classOf(actor: Actor): string {
  const known = classes.get(actor);
  if (known !== undefined) return known;
  const { kind, permissions, tenantId, appId, appScopes, verifiedEmail } = actor;
  const made = JSON.stringify([
    kind,
    [...permissions].sort(),
    tenantId,
    appId,
    appScopes === undefined ? null : [...appScopes].sort(),
    verifiedEmail,
  ]);
  const same = sameText(made);
  classes.set(actor, same);
  return same;
}

const documents = new WeakMap<DocumentNode, { id: number; variables: ReadonlySet<string> }>();
let documentCount = 0;

/**
 * The document, its operation and those of its variables that its results depend on. What is used in arguments of root
 * fields alone, such as the position to begin at, has done its part when the source was made.
 */
function keyOf({ document, operationName, variableValues }: ExecutionArgs): string | undefined {
  let known = documents.get(document);
  if (known === undefined) {
    documentCount += 1;
    known = { id: documentCount, variables: variablesBelowTheRoot(document) };
    documents.set(document, known);
  }
  const { id, variables } = known;
  const values = Object.entries(variableValues ?? {})
    .filter(([name]) => variables.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const key = `${id} ${JSON.stringify([operationName ?? null, values])}`;
  return key.length > maxKeyLength ? undefined : key;
}

function variablesBelowTheRoot(document: DocumentNode): ReadonlySet<string> {
  const found = new Set<string>();
  const collect = (node: ASTNode) => {
    visit(node, { Variable: ({ name }) => void found.add(name.value) });
  };
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) collect(definition);
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    for (const directive of definition.directives ?? []) collect(directive);
    for (const selection of definition.selectionSet.selections) {
      if (selection.kind !== Kind.FIELD) collect(selection);
      else {
        for (const directive of selection.directives ?? []) collect(directive);
        if (selection.selectionSet !== undefined) collect(selection.selectionSet);
      }
    }
  }
  return found;
}
