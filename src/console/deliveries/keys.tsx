import { Window } from '../parts/window.tsx';

const keys = [
  ['↑ ↓', 'another row'],
  ['Home End', 'the first row, the last one'],
  ['Enter', 'open the delivery'],
  ['Space', 'choose the row, or no longer'],
  ['Shift ↑ ↓', 'choose rows along the way'],
  ['r', 'replay what is chosen, or the row'],
  ['/', 'filter'],
  ['?', 'this help'],
  ['Escape', 'close'],
] as const;

export function Keys(props: Readonly<{ isOpen: boolean; onOpenChange: (isOpen: boolean) => void }>) {
  return (
    <Window title="Keys" {...props}>
      <dl className="facts">
        {keys.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Window>
  );
}
