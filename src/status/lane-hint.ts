/** A hint to the workers: this endpoint has something due. Hints about logs are bare owner ids. */
export const laneHint = (ownerId: string, endpointId: string): string => `d:${ownerId}:${endpointId}`;

export function parseLaneHint(word: string): { ownerId: string; endpointId: string } | undefined {
  const [kind, ownerId, endpointId] = word.split(':');
  return kind === 'd' && ownerId !== undefined && endpointId !== undefined
    ? { ownerId, endpointId }
    : undefined;
}
