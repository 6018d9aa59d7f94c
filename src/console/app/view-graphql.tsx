import { Button, DialogTrigger } from 'react-aria-components';
import { Copy } from '../parts/copy.tsx';
import { Window } from '../parts/window.tsx';
import { useUsedDocuments } from './used-documents.ts';

/** The documents and variables of the open view, so that a reader can send the same requests. */
export function ViewGraphQL() {
  return (
    <DialogTrigger>
      <Button className="quiet">GraphQL of this view</Button>
      <Window title="GraphQL of this view" wide>
        <UsedDocuments />
      </Window>
    </DialogTrigger>
  );
}

/**
 * Only an open window listens for documents. Views ask while they are rendered, and a listener in the shell would make
 * React begin such a rendering again, for as long as a quarter of a second.
 */
function UsedDocuments() {
  const used = useUsedDocuments();
  return (
    <>
      {used.length === 0 && <p>This view has asked nothing yet.</p>}
      {used.map(({ text, variables }, index) => (
        <section key={text} className="document">
          <pre className="code" tabIndex={0} role="region" aria-label={`Document ${index + 1}`}>
            {text}
          </pre>
          <pre className="code" tabIndex={0} role="region" aria-label={`Variables ${index + 1}`}>
            {JSON.stringify(variables, null, 2)}
          </pre>
          <p className="acts">
            <Copy text={text} name="Copy the document" />
            <Copy text={JSON.stringify(variables, null, 2)} name="Copy the variables" />
            <a href={graphiqlOf(text, variables)}>Open in GraphiQL</a>
          </p>
        </section>
      ))}
    </>
  );
}

/** GraphiQL reads a query from its address. The variables are a comment in the query, to be pasted. */
function graphiqlOf(text: string, variables: unknown): string {
  const query = `# Variables: ${JSON.stringify(variables)}\n${text}`;
  return `/console/graphiql?query=${encodeURIComponent(query)}`;
}
