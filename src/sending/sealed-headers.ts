/** Which header of which endpoint: what a sealed value is bound to. */
export type HeaderPlace = Readonly<{ ownerId: string; endpointId: string; name: string }>;

export function sealedHeaderPlace({ ownerId, endpointId, name }: HeaderPlace): string {
  return `${ownerId}/${endpointId}/header/${name.toLowerCase()}`;
}
