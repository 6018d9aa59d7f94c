/** The place that a sealed value is bound to: the header and its endpoint. */
export type HeaderPlace = Readonly<{ ownerId: string; endpointId: string; name: string }>;

export function sealedHeaderPlace({ ownerId, endpointId, name }: HeaderPlace): string {
  return `${ownerId}/${endpointId}/header/${name.toLowerCase()}`;
}
