import './chart.css';
import { type PointerEvent, type ReactNode, useId, useState } from 'react';

/** One series of the chart: its name, its appearance, and its value in each interval. */
type Series = Readonly<{
  name: string;
  kind: 'good' | 'bad' | 'busy' | 'first' | 'second';
  values: readonly (number | null)[];
}>;

type Props = Readonly<{
  title: string;
  starts: readonly string[];
  /** Bars are stacked; lines connect the values. */
  as: 'bars' | 'lines';
  series: readonly Series[];
  show: (value: number) => string;
}>;

const height = 100;

/**
 * Values over time. It is drawn as SVG, the stretch under the pointer is told in words, and everybody can have the
 * whole as a table.
 */
export function Chart({ title, starts, as, series, show }: Props) {
  const [pointed, setPointed] = useState<number>();
  const id = useId();
  const most = mostOf(as, series, starts.length);
  const width = Math.max(1, starts.length);
  function point(event: PointerEvent<SVGSVGElement>) {
    const { left, width: wide } = event.currentTarget.getBoundingClientRect();
    const index = Math.floor(((event.clientX - left) / wide) * starts.length);
    setPointed(Math.max(0, Math.min(starts.length - 1, index)));
  }
  const drawn = as === 'bars' ? bars(series, most) : lines(series, most);
  const [first = '', middle = '', last = ''] = [0, Math.floor(starts.length / 2), starts.length - 1].map(
    (index) => starts[index] ?? '',
  );
  const isLong = Date.parse(last) - Date.parse(first) > 2 * 86_400_000;
  return (
    <figure className="chart-figure" aria-labelledby={id}>
      <figcaption id={id}>{title}</figcaption>
      <ul className="legend">
        {series.map(({ name, kind, values }) => (
          <li key={name}>
            <span className={`key ${kind}`} aria-hidden="true" /> {name}
            {pointed !== undefined && (
              <strong> {values[pointed] == null ? '–' : show(values[pointed] ?? 0)}</strong>
            )}
          </li>
        ))}
        <li className="pointed">{pointed !== undefined && momentOf(starts[pointed] ?? '', true)}</li>
      </ul>
      <div className="plot">
        <span className="most">{show(most)}</span>
        <svg
          viewBox={`0 0 ${width} ${height}`}
          preserveAspectRatio="none"
          aria-hidden="true"
          onPointerMove={point}
          onPointerLeave={() => setPointed(undefined)}
        >
          <line className="rule" x1={0} x2={width} y1={0.5} y2={0.5} />
          <line className="rule" x1={0} x2={width} y1={height / 2} y2={height / 2} />
          <line className="rule" x1={0} x2={width} y1={height - 0.5} y2={height - 0.5} />
          {pointed !== undefined && <rect className="pointer" x={pointed} y={0} width={1} height={height} />}
          {drawn}
        </svg>
        <span className="ends">
          {[first, middle, last].map((start) => (
            <time key={start} dateTime={start}>
              {momentOf(start, isLong)}
            </time>
          ))}
        </span>
      </div>
      <details>
        <summary>As a table</summary>
        <div className="chart-table" role="region" aria-label={`${title}, as a table`} tabIndex={0}>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">From (UTC)</th>
                {series.map(({ name }) => (
                  <th scope="col" key={name}>
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {starts.map((start, index) => (
                <tr key={start}>
                  <th scope="row">{start.slice(0, 16).replace('T', ' ')}</th>
                  {series.map(({ name, values }) => (
                    <td key={name}>{values[index] == null ? '–' : show(values[index] ?? 0)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}

/** The top of the scale: 1, 2 or 5 times a power of ten, so that it is easy to read. */
function mostOf(as: Props['as'], series: readonly Series[], length: number): number {
  const tops = Array.from({ length }, (_, index) => {
    const values = series.map(({ values: all }) => all[index] ?? 0);
    return as === 'bars' ? values.reduce((sum, value) => sum + value, 0) : Math.max(0, ...values);
  });
  const top = Math.max(1, ...tops);
  const power = 10 ** Math.floor(Math.log10(top));
  return ([1, 2, 5, 10].find((step) => step * power >= top) ?? 10) * power;
}

/** A value above zero must be visible, so it has at least two units of a hundred. */
const heightOf = (value: number, most: number) => (value === 0 ? 0 : Math.max(2, (value / most) * height));

function bars(series: readonly Series[], most: number): ReactNode {
  const feet: number[] = [];
  return series.map(({ name, kind, values }) => (
    <g key={name} className={kind}>
      {values.map((value, index) => {
        const tall = heightOf(value ?? 0, most);
        const foot = feet[index] ?? 0;
        feet[index] = foot + tall;
        return tall === 0 ? null : (
          // biome-ignore lint/suspicious/noArrayIndexKey: the place is what a bar is.
          <rect key={index} x={index + 0.1} y={height - foot - tall} width={0.8} height={tall} />
        );
      })}
    </g>
  ));
}

function lines(series: readonly Series[], most: number): ReactNode {
  return series.map(({ name, kind, values }) => {
    const at = (value: number) => height - (value / most) * height;
    // A single value between two gaps would not be a line, so each value has a step.
    const path = values
      .map((value, index) => {
        if (value == null) return '';
        const start = values[index - 1] == null ? `M${index} ${at(value)}` : `L${index} ${at(value)}`;
        return `${start}H${index + 1}`;
      })
      .join('');
    return <path key={name} className={kind} d={path} />;
  });
}

function momentOf(start: string, withDay: boolean): string {
  const time = start.slice(11, 16);
  return withDay ? `${start.slice(5, 10)} ${time}` : `${time} UTC`;
}
