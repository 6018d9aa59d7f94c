import { decodeId, encodeId, idPrefixes } from '../ids.ts';

const clientMark = 'client_';
const serviceUserMark = 'user_';

/** An app's public names are derived from its id: `app_…`, `client_…` and `user_…` have the same ending. */
export function clientIdOf(appId: string): string {
  return clientMark + suffixOf(appId);
}

/** The id of the service user as which the app acts on the platform. */
export function serviceUserIdOf(appId: string): string {
  return serviceUserMark + suffixOf(appId);
}

/** The app's UUID; undefined if the text is not a client id. */
export function appOfClientId(clientId: string): string | undefined {
  if (!clientId.startsWith(clientMark)) return undefined;
  return decodeId('App', `${idPrefixes.App}_${clientId.slice(clientMark.length)}`);
}

const suffixOf = (appId: string) => encodeId('App', appId).slice(idPrefixes.App.length + 1);
