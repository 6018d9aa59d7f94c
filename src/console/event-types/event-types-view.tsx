import '../parts/manage.css';
import { useState } from 'react';
import { useQuery } from 'urql';
import { Link } from 'wouter';
import { useMay } from '../app/viewer.ts';
import { useAsked } from '../parts/pages.tsx';
import { Pending } from '../parts/pending.tsx';
import { ViewHead } from '../parts/view-head.tsx';
import { CatalogueViewDocument, type CatalogueViewQuery } from './generated/graphql.ts';

type Type = CatalogueViewQuery['eventTypes'][number];

/** The catalogue by category, with the number of the tenant's endpoints that subscribe to each type. */
export default function EventTypesView() {
  const includeDeprecated = useAsked('deprecated') === 'true';
  const [{ data, error }, ask] = useQuery({
    query: CatalogueViewDocument,
    variables: { includeDeprecated },
  });
  const mayRegister = useMay('MANAGE_EVENT_TYPES');
  const [search, setSearch] = useState('');
  const wanted = search.trim().toLowerCase();
  const types = data?.eventTypes;
  const shown = types?.filter(({ name, description }) =>
    `${name} ${description}`.toLowerCase().includes(wanted),
  );
  const categories = [...new Set(shown?.map(({ category }) => category))];
  return (
    <div className="manage">
      <ViewHead title="Event types" count={types?.length}>
        {mayRegister && (
          <Link href="/event-types/new" className="button primary">
            Register a type
          </Link>
        )}
      </ViewHead>
      <div className="filters">
        <label>
          Search
          <input type="search" value={search} onChange={(event) => setSearch(event.target.value)} />
        </label>
        <Link href={includeDeprecated ? '/event-types' : '/event-types?deprecated=true'}>
          {includeDeprecated ? 'Without deprecated ones' : 'With deprecated ones'}
        </Link>
      </div>
      {types === undefined && (
        <Pending lines={8} error={error} onRetry={() => ask({ requestPolicy: 'network-only' })} />
      )}
      {shown?.length === 0 && <p className="empty">No event type matches.</p>}
      {categories.map((category) => (
        <section key={category} aria-labelledby={`category-${category}`}>
          <h2 id={`category-${category}`}>{category}</h2>
          <table className="rows types">
            <thead>
              <tr>
                <th scope="col" className="name">
                  Name
                </th>
                <th scope="col">What has happened</th>
                <th scope="col" className="data">
                  Data
                </th>
                <th scope="col" className="number">
                  Endpoints
                </th>
              </tr>
            </thead>
            <tbody>
              {shown
                ?.filter((type) => type.category === category)
                .map((type) => (
                  <Row key={type.id} type={type} />
                ))}
            </tbody>
          </table>
        </section>
      ))}
    </div>
  );
}

function Row({ type }: Readonly<{ type: Type }>) {
  const { name, description, dataType, deprecatedAt, subscribedEndpoints } = type;
  return (
    <tr>
      <th scope="row">
        <Link href={`/event-types/${name}`}>{name}</Link>
        {deprecatedAt != null && <span className="note">deprecated</span>}
      </th>
      <td>{description}</td>
      <td data-label="Data">{dataType}</td>
      <td className="number" data-label="Endpoints">
        {subscribedEndpoints?.totalCount ?? '–'}
      </td>
    </tr>
  );
}
