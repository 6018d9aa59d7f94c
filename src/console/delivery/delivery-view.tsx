import { Link, useParams } from 'wouter';
import { DeliveryFacts } from './delivery-facts.tsx';

/** One delivery as a page of its own. */
export default function DeliveryView() {
  const { id = '' } = useParams();
  return (
    <>
      <title>{`Delivery ${id} · Heliograph`}</title>
      <p className="way">
        <Link href="/deliveries">Deliveries</Link>
      </p>
      <div className="view-head">
        <h1>Delivery</h1>
      </div>
      <DeliveryFacts key={id} id={id} />
    </>
  );
}
