/** The place that a sealed value is bound to: the header and its endpoint. */
export type HeaderPlace = Readonly<{ ownerId: string; endpointId: string; name: string }>;

/** A header that the endpoint's owner set, with its value or key in plain text. */
export type OwnHeader = Readonly<{ name: string; value: string; isSecret: boolean; signsBody: boolean }>;

export function sealedHeaderPlace({ ownerId, endpointId, name }: HeaderPlace): string {
  return `${ownerId}/${endpointId}/header/${name.toLowerCase()}`;
}
