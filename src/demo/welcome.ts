import { demoEventType } from './demo.ts';

/** The text of a first start: the commands to publish an event and to watch its delivery. */
export function welcome(origin: string, token: string, options: { console: boolean }): string {
  const publish = JSON.stringify({
    query: `mutation { publishEvents(input: {events: [{type: "${demoEventType}", payload: {hello: "world"}}]}) { __typename ... on PublishEventsPayload { events { event { id } deliveryCount } } ... on Error { code message } } }`,
  });
  const watch = JSON.stringify({
    query: 'subscription { deliveryStatusChanged { position status previousStatus eventType deliveryId } }',
  });
  return `
Heliograph is ready at ${origin}   (GraphiQL: ${origin}/graphql)
${options.console ? `\nConsole: ${origin}/console#token=${token}\n` : ''}
A token for the tenant "demo", valid for 24 hours:

  export TOKEN=${token}

Watch every delivery's status, live (leave it running):

  curl -N ${origin}/graphql -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -H 'accept: text/event-stream' -d '${watch}'

Publish an event from another terminal:

  curl ${origin}/graphql -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d '${publish}'

`;
}
