import { useState } from 'react';
import { Copy } from './copy.tsx';
import { JsonTree } from './json-tree.tsx';

const ways = ['Tree', 'Bytes that are sent'] as const;

/** An event's payload: as a tree, and as the body that receivers get, byte for byte. */
export function Payload({ id, text, body }: Readonly<{ id: string; text: string; body: string }>) {
  const [way, setWay] = useState<(typeof ways)[number]>('Tree');
  function save() {
    const url = URL.createObjectURL(new Blob([body], { type: 'application/json' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = `${id}.json`;
    link.click();
    URL.revokeObjectURL(url);
  }
  return (
    <section aria-label="Payload">
      <h2>Payload</h2>
      <fieldset className="segments">
        <legend className="hidden">Show it as</legend>
        {ways.map((one) => (
          <label key={one}>
            <input type="radio" name={`way-${id}`} checked={way === one} onChange={() => setWay(one)} />
            {one}
          </label>
        ))}
      </fieldset>
      {way === 'Tree' ? (
        <JsonTree text={text} name="The payload" />
      ) : (
        <Text name="The body that is sent" text={body} />
      )}
      <p className="acts">
        <Copy text={text} name="Copy the payload" />
        <Copy text={body} name="Copy the body" />
        <button type="button" className="quiet" onClick={save}>
          Download the body
        </button>
      </p>
    </section>
  );
}

/** What tenants and receivers chose is text, and nothing else. */
export function Text({ name, text }: Readonly<{ name: string; text: string }>) {
  return (
    <pre className="code wrapped" tabIndex={0} role="region" aria-label={name}>
      {text}
    </pre>
  );
}
