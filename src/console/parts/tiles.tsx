/** Figures side by side, each with its name. */
export function Tiles({
  figures,
}: Readonly<{ figures: readonly (readonly [name: string, value: string])[] }>) {
  return (
    <dl className="tiles">
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
