import { clock, fullTime } from "~/state/times";

import { Tip } from "~/parts/Tip";

/** When it was said; the whole date when it is pointed at or focused. */
export function Stamp({ at }: { at: string | number }) {
  const time = new Date(at);
  return (
    <Tip text={fullTime(time)}>
      <time
        dateTime={time.toISOString()}
        // The date is told on focus, too. oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        className="rounded text-xs text-quiet"
      >
        {clock(time)}
        <span className="sr-only">, {fullTime(time)}</span>
      </time>
    </Tip>
  );
}
