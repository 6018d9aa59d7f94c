import { failureOf, Interruption } from './interruption.ts';
import { type Operation, post } from './post.ts';
import type { Settings } from './settings.ts';

/**
 * Sends one request, and once more with a fresh credential if the first was refused. Throws an Interruption or a
 * HeliographError.
 */
export async function ask<Data>(
  settings: Settings,
  operation: Operation,
  signal?: AbortSignal | undefined,
): Promise<Data> {
  try {
    return await askOnce(settings, operation, signal);
  } catch (error) {
    const isAboutUs = error instanceof Interruption && (error.isRefusal || error.isExpiry);
    if (!isAboutUs || !settings.hasTokenSource) throw error;
    return await askOnce(settings, operation, signal);
  }
}

async function askOnce<Data>(settings: Settings, operation: Operation, signal?: AbortSignal): Promise<Data> {
  const { data, errors } = await post(settings, operation, { signal });
  if (data == null || errors !== undefined) throw failureOf(errors ?? []);
  // The type comes from the document, and the server's answer matches its schema.
  return data as Data;
}
