/** A hint to the workers: this endpoint has something due. Hints about logs are plain owner ids. */
export const laneHint = (ownerId: string, endpointId: string): string => `d:${ownerId}:${endpointId}`;

export function parseLaneHint(word: string): { ownerId: string; endpointId: string } | undefined {
  const [kind, ownerId, endpointId] = word.split(':');
  return kind === 'd' && ownerId !== undefined && endpointId !== undefined
    ? { ownerId, endpointId }
    : undefined;
}

/** A hint to the forwarders: something waits for an app of this owner group. */
export const forwardHint = (group: number): string => `f:${group}`;

export function parseForwardHint(word: string): number | undefined {
  return word.startsWith('f:') ? Number(word.slice(2)) : undefined;
}
