/** The view that replaces GraphiQL in production, where the server does not have it. */
export default function GraphiqlView() {
  return (
    <>
      <title>GraphiQL · Heliograph</title>
      <h1>GraphiQL is off here</h1>
      <p>
        This server runs in production, where nobody can ask for the schema. Read it in the{' '}
        <a href="/docs/schema">reference</a>, and try your queries on a server that you start yourself: it has
        GraphiQL at the same address.
      </p>
      <p>“GraphQL of this view”, at the foot of every other view, shows what the view has asked.</p>
    </>
  );
}
