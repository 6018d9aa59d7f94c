/** The page itself contains everything: scripts, styles, and the workers that they create. */
export const graphiqlPolicy =
  "default-src 'self'; script-src 'self' 'unsafe-inline' blob:; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const firstQuery = `# The last deliveries, and whether they arrived. Run it with the button or Ctrl-Enter.
query LastDeliveries {
  viewer {
    kind
    label
    permissions
  }
  deliveries(first: 5) {
    nodes {
      id
      status
      eventType
      attempts {
        outcome
        responseStatus
      }
    }
    logPosition
  }
}
`;

const firstSubscription = `# Every change of every delivery, from now on. Publish an event and watch it arrive here.
subscription LiveLog {
  deliveryStatusChanged {
    position
    status
    previousStatus
    eventType
    deliveryId
  }
}
`;

/**
 * Runs before GraphiQL. It adds the token that the page came with, or that somebody has typed, to its requests. The
 * token is kept only as long as the tab is open. Without a token, or with one that is refused, it asks for one.
 */
const signIn = (token: string | undefined) => `<script>
(() => {
  const kept = 'heliograph-token';
  let token = sessionStorage.getItem(kept) || ${JSON.stringify(token ?? '').replaceAll('<', '\\u003c')};
  const send = window.fetch.bind(window);
  window.fetch = async (input, init = {}) => {
    const headers = new Headers(init.headers);
    if (token && !headers.has('authorization')) headers.set('authorization', 'Bearer ' + token);
    const response = await send(input, { ...init, headers });
    if (response.status === 401) ask('This token is not valid, or no longer.');
    return response;
  };
  function ask(why) {
    if (document.getElementById('sign-in')) return;
    const dialog = document.createElement('dialog');
    dialog.id = 'sign-in';
    dialog.setAttribute('aria-label', 'Sign in');
    dialog.innerHTML = '<form method="dialog" style="font:16px/1.5 system-ui;max-width:26rem"><h1 style="font-size:1.25rem;margin:0 0 .5rem">Sign in</h1><p id="why"></p><p><label>A token of your issuer, or an API key (<code>hgk_…</code>)<br><input id="token" type="password" autocomplete="off" style="width:100%;font:inherit;padding:.4rem"></label></p><p>In a checkout, <code>npm run --silent token -- --tenant demo --permissions manage_webhooks,publish_events</code> prints one.</p><button style="font:inherit;padding:.4rem 1rem">Sign in</button></form>';
    dialog.querySelector('#why').textContent = why;
    document.body.append(dialog);
    dialog.querySelector('form').addEventListener('submit', () => {
      sessionStorage.setItem(kept, dialog.querySelector('#token').value.trim());
      location.reload();
    });
    dialog.showModal();
  }
  if (!token) addEventListener('DOMContentLoaded', () => ask('Every request needs a credential.'));
})();
</script>`;

/** GraphiQL has no heading, by which screen readers find the content of a page. */
const heading =
  '<h1 style="position:absolute;width:1px;height:1px;margin:0;overflow:hidden;clip-path:inset(50%)">GraphiQL</h1>';

let page: Promise<string> | undefined;

/**
 * The GraphiQL page, for development. It is 9 MB, so it is loaded when somebody requests it. With a token it opens
 * signed in.
 */
export async function graphiqlPage(token: string | undefined): Promise<string> {
  page ??= import('@graphql-yoga/render-graphiql').then(({ renderGraphiQL }) =>
    renderGraphiQL({
      title: 'Heliograph',
      endpoint: '/graphql',
      defaultTabs: [{ query: firstQuery }, { query: firstSubscription }],
      shouldPersistHeaders: false,
    }),
  );
  const html = await page;
  const head = html.indexOf('<head>') + '<head>'.length;
  const body = html.indexOf('>', html.indexOf('<body')) + 1;
  return html.slice(0, head) + signIn(token) + html.slice(head, body) + heading + html.slice(body);
}
